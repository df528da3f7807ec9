//! Small incidents: what is there, what is concluded of each key and certificate, and every step, CA and
//! finding. Nothing may be missing, and nothing too much.

use crate::blocks::hold;
use crate::scene;

#[test]
fn uploads() {
    hold("uploads.txt", scene::verdicts);
}

#[test]
fn rows() {
    hold("rows.txt", scene::verdicts);
}

#[test]
fn plans() {
    hold("plans.txt", scene::whole);
}

#[test]
fn authorities() {
    hold("authorities.txt", scene::whole);
}

#[test]
fn rounds() {
    hold("rounds.txt", scene::rounds);
}

#[test]
fn progress() {
    hold("progress.txt", scene::whole);
}

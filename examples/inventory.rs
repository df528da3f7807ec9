//! An inventory of a directory: every certificate with the private keys that it shares.
//!
//! usage: inventory PATH...

#![allow(clippy::print_stdout)]

use std::error::Error;
use std::path::PathBuf;

use certrecall::inventory::Inventory;
use certrecall::read::{Options, Roots};

fn main() -> Result<(), Box<dyn Error>> {
    let paths: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let inventory = Inventory::read(&Roots::open(&paths)?, &Options::default());
    for key in &inventory.keys {
        println!("{} {} {}", key.spki, key.facts.algorithm.as_str(), key.facts.bits);
        for at in key.certificates.iter() {
            let entry = &inventory.certificates[*at as usize];
            let places = entry.occurrences.iter().map(|o| inventory.path(o));
            println!("  {} in {}", entry.certificate.display_name(), places.collect::<Vec<_>>().join(", "));
        }
        for place in key.private_places() {
            println!("  private key in {}", inventory.path(place));
        }
    }
    for (reason, count) in inventory.trouble_counts() {
        println!("not read: {count} {reason}");
    }
    Ok(())
}

//! Floor 8: what front ends call to work on a case.

pub mod history;
pub mod roots;

//! A list that most often has one element, which then lies in place: the inventory holds a million such
//! lists.

use std::ops::{Deref, DerefMut};

/// Some items in a row. It is read as a slice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Few<T>(Kept<T>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kept<T> {
    None,
    One(T),
    // The room of a pointer, which is what most elements take.
    More(Box<More<T>>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct More<T>(Vec<T>);

impl<T> Few<T> {
    /// No items.
    pub const NONE: Self = Self(Kept::None);

    /// One item.
    #[must_use]
    pub const fn one(item: T) -> Self {
        Self(Kept::One(item))
    }

    /// Appends an item.
    pub fn push(&mut self, item: T) {
        if let Kept::More(more) = &mut self.0 {
            return more.0.push(item);
        }
        self.0 = match std::mem::take(self).0 {
            Kept::One(first) => Kept::More(Box::new(More(vec![first, item]))),
            _ => Kept::One(item),
        };
    }

    /// Gives room back that no item takes.
    pub fn shrink_to_fit(&mut self) {
        if let Kept::More(more) = &mut self.0 {
            more.0.shrink_to_fit();
        }
    }
}

impl<T> Default for Few<T> {
    fn default() -> Self {
        Self::NONE
    }
}

impl<T> Deref for Few<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        match &self.0 {
            Kept::None => &[],
            Kept::One(item) => std::slice::from_ref(item),
            Kept::More(more) => &more.0,
        }
    }
}

impl<T> DerefMut for Few<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        match &mut self.0 {
            Kept::None => &mut [],
            Kept::One(item) => std::slice::from_mut(item),
            Kept::More(more) => &mut more.0,
        }
    }
}

impl<T> FromIterator<T> for Few<T> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        let mut items = items.into_iter();
        let (Some(first), second) = (items.next(), items.next()) else { return Self::NONE };
        let Some(second) = second else { return Self::one(first) };
        let mut all = vec![first, second];
        all.extend(items);
        all.shrink_to_fit();
        Self(Kept::More(Box::new(More(all))))
    }
}

impl<'a, T> IntoIterator for &'a Few<T> {
    type IntoIter = std::slice::Iter<'a, T>;
    type Item = &'a T;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_list_of_what_was_put_in() {
        let mut pushed = Few::NONE;
        for len in 0..5u8 {
            let want: Vec<u8> = (0..len).collect();
            assert_eq!(*pushed, want);
            assert_eq!(pushed, (0..len).collect());
            assert_eq!(pushed.iter().copied().collect::<Vec<_>>(), want);
            pushed.push(len);
        }
        pushed.reverse();
        assert_eq!(*pushed, [4, 3, 2, 1, 0]);
    }
}

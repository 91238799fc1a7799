use std::{collections::BTreeMap, rc::Rc};

use super::waiter::Waiter;

/// Requests that wait for a connection, the first to come in front. Whoever leaves the line does so without a walk through it: thousands
/// may wait, and all of them may leave at once.
#[derive(Default)]
pub(super) struct Line(BTreeMap<i64, Rc<Waiter>>);

impl Line {
    /// Puts a request that stands in no line behind all others.
    pub(super) fn push_back(&mut self, waiter: Rc<Waiter>) {
        let place = self.0.last_key_value().map_or(0, |(last, _)| last + 1);
        self.insert(place, waiter);
    }

    /// Puts a request that stands in no line before all others.
    pub(super) fn push_front(&mut self, waiter: Rc<Waiter>) {
        let place = self.0.first_key_value().map_or(0, |(first, _)| first - 1);
        self.insert(place, waiter);
    }

    /// Takes out the first.
    pub(super) fn pop_front(&mut self) -> Option<Rc<Waiter>> {
        let (_, waiter) = self.0.pop_first()?;
        waiter.place.set(None);
        Some(waiter)
    }

    /// Takes out a request that stands in this line or in none.
    pub(super) fn remove(&mut self, waiter: &Waiter) -> Option<Rc<Waiter>> {
        self.0.remove(&waiter.place.take()?)
    }

    /// The first that may not dial yet. Those before it have seats: there are no more of them than connections may be made.
    pub(super) fn first_without_seat(&self) -> Option<&Rc<Waiter>> {
        self.0.values().find(|waiter| waiter.wants_seat())
    }

    /// How many wait.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nobody waits.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn insert(&mut self, place: i64, waiter: Rc<Waiter>) {
        waiter.place.set(Some(place));
        self.0.insert(place, waiter);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_to_come_is_the_first_to_go_unless_it_is_put_in_front_again() {
        let mut line = Line::default();
        let [first, second, third] = [(); 3].map(|()| Rc::new(Waiter::new(None)));
        line.push_back(Rc::clone(&first));
        line.push_back(Rc::clone(&second));
        line.push_back(Rc::clone(&third));
        assert!(Rc::ptr_eq(&line.pop_front().unwrap(), &first));
        line.push_front(Rc::clone(&first));
        assert!(Rc::ptr_eq(&line.pop_front().unwrap(), &first));
        assert!(Rc::ptr_eq(&line.remove(&third).unwrap(), &third));
        assert!(Rc::ptr_eq(&line.pop_front().unwrap(), &second));
        assert!(line.is_empty());
    }

    #[test]
    fn who_has_left_the_line_takes_nobody_else_out() {
        let mut line = Line::default();
        let [left, next] = [(); 2].map(|()| Rc::new(Waiter::new(None)));
        line.push_back(Rc::clone(&left));
        line.pop_front();
        line.push_back(Rc::clone(&next));
        assert!(line.remove(&left).is_none());
        assert_eq!(line.len(), 1, "the place of the one is now that of the other");
    }
}

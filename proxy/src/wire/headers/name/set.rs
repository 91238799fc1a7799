use super::{Name, Repr};

/// Names in common use, to be looked up in one step.
#[derive(Clone, Copy, Debug, Default)]
pub struct NameSet(u128);

impl NameSet {
    /// The set of these names.
    ///
    /// # Panics
    /// At compile time, if one of them is in no common use.
    pub const fn of<const N: usize>(names: [Name; N]) -> Self {
        let mut set = 0;
        let mut at = 0;
        while at < N {
            match &names[at].0 {
                Repr::Known(known) => set |= 1 << *known,
                Repr::Other(_) => panic!("sets are for names in common use"),
            }
            at += 1;
        }
        std::mem::forget(names); // names in common use own nothing, and a constant cannot drop
        Self(set)
    }

    /// Whether a name is one of them.
    pub const fn contains(self, name: &Name) -> bool {
        match &name.0 {
            Repr::Known(known) => self.0 >> *known & 1 == 1,
            Repr::Other(_) => false,
        }
    }

    /// Adds a name, if it is in common use.
    pub const fn insert(&mut self, name: &Name) {
        if let Repr::Known(known) = &name.0 {
            self.0 |= 1 << *known;
        }
    }

    /// Takes a name out.
    pub const fn remove(&mut self, name: &Name) {
        if let Repr::Known(known) = &name.0 {
            self.0 &= !(1 << *known);
        }
    }

    /// Takes the names of another set out.
    pub const fn remove_all(&mut self, others: Self) {
        self.0 &= !others.0;
    }

    /// Whether a name may be among names of which those in common use are in this set.
    pub const fn may_contain(self, name: &Name) -> bool {
        self.contains(name) || matches!(name.0, Repr::Other(_))
    }

    /// Whether a name is in both.
    pub const fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// The names of both.
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

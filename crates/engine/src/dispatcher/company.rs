//! How many share a verb of the database.
//!
//! A row that makes no sense fails the verb that meets it, whoever else is in it. After that fewer share
//! the next, until the one whose row it is stands alone; it is put aside, and the others go on.

use posthorn_store::StoreError;

/// How many share the next verb.
#[derive(Debug)]
pub(super) struct Company {
    most: usize,
    next: usize,
}

impl Company {
    pub(super) fn new(most: usize) -> Self {
        Self { most, next: most }
    }

    /// How many share the next verb, at most.
    pub(super) fn size(&self) -> usize {
        self.next
    }

    /// It went well: more may share the next one.
    pub(super) fn went_well(&mut self) {
        self.next = self.next.saturating_mul(2).min(self.most);
    }

    /// A verb that `size` shared failed: whether it is the fault of one of them, and what to do then.
    pub(super) fn failed(&mut self, size: usize, error: &StoreError) -> Fault {
        if !matches!(error, StoreError::Corrupt { .. }) {
            return Fault::Nobodys;
        }
        self.next = (size / 2).max(1);
        if size > 1 { Fault::Someones } else { Fault::Its }
    }
}

/// Whose fault it is that a verb failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// The database cannot do it at the moment.
    Nobodys,
    /// One of those that shared it; fewer share the next.
    Someones,
    /// That of the only one there was.
    Its,
}

#[cfg(test)]
mod tests {
    use super::*;

    const CORRUPT: StoreError = StoreError::Corrupt { table: "deliveries", column: "base", row: 1 };

    #[test]
    fn one_of_many_is_found_by_halves_and_the_others_gather_again() {
        let mut company = Company::new(256);
        let mut verbs = 0;
        loop {
            verbs += 1;
            if company.failed(company.size(), &CORRUPT) == Fault::Its {
                break;
            }
        }
        assert_eq!((verbs, company.size()), (9, 1));
        for _ in 0..8 {
            company.went_well();
        }
        assert_eq!(company.size(), 256);
    }

    #[test]
    fn a_database_that_is_not_available_is_nobodys_fault() {
        let mut company = Company::new(256);
        let away = StoreError::Unavailable { detail: "busy".to_owned() };
        assert_eq!(company.failed(1, &away), Fault::Nobodys);
        assert_eq!(company.size(), 256);
    }
}

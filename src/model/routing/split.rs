//! Which of several models a session works with: by weight, and the same one for as long as the session lasts.

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};

use crate::model::Role;

/// The model that the session `session` uses first for `role`; over many sessions each model comes up as often as its
/// weight says. `None` when no weight is above zero.
pub fn choose<'a>(weights: &'a BTreeMap<String, u32>, session: &str, role: Role) -> Option<&'a str> {
    let mut hash = Sha256::new();
    hash.update(role.name());
    hash.update([0]);
    hash.update(session);
    let drawn = hash.finalize().iter().take(8).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    let total: u64 = weights.values().map(|weight| u64::from(*weight)).sum();
    // A fraction of 2⁶⁴, scaled to the total without a remainder's bias.
    let mut place = u64::try_from((u128::from(drawn) * u128::from(total)) >> 64).unwrap_or(0);
    for (name, weight) in weights {
        match place.checked_sub(u64::from(*weight)) {
            None => return Some(name),
            Some(rest) => place = rest,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn weights(of: &[u32]) -> BTreeMap<String, u32> {
        of.iter().enumerate().map(|(n, weight)| (n.to_string(), *weight)).collect()
    }

    #[test]
    fn nothing_to_choose_from() {
        assert_eq!(choose(&weights(&[]), "s", Role::Edit), None);
        assert_eq!(choose(&weights(&[0, 0]), "s", Role::Edit), None);
        assert_eq!(choose(&weights(&[0, 7]), "s", Role::Edit), Some("1"));
    }

    #[test]
    fn roles_are_drawn_apart() {
        let weights = weights(&[1, 1]);
        let differ = |n: u32| {
            let session = n.to_string();
            choose(&weights, &session, Role::Edit) != choose(&weights, &session, Role::Review)
        };
        let n_differ = (0..1000).filter(|n| differ(*n)).count();
        assert!((400..600).contains(&n_differ), "{n_differ}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]
        #[test]
        fn shares_are_the_weights_in_the_long_run_and_a_session_stays(
            of in proptest::collection::vec(0_u32..100, 1..5),
            seed: u64,
        ) {
            const SESSIONS: u32 = 4000;
            let weights = weights(&of);
            let total: u32 = of.iter().sum();
            prop_assume!(total > 0);
            let mut counts = BTreeMap::<String, u32>::new();
            for n in 0..SESSIONS {
                let session = format!("{seed}-{n}");
                let chosen = choose(&weights, &session, Role::Edit).expect("a weight is above zero");
                prop_assert_eq!(Some(chosen), choose(&weights, &session, Role::Edit));
                *counts.entry(chosen.to_owned()).or_default() += 1;
            }
            for (name, weight) in &weights {
                let share = f64::from(*weight) / f64::from(total);
                let seen = f64::from(counts.get(name).copied().unwrap_or(0)) / f64::from(SESSIONS);
                // Six standard deviations: wrong once in half a billion.
                let allowed = 6.0 * (share * (1.0 - share) / f64::from(SESSIONS)).sqrt();
                prop_assert!((seen - share).abs() <= allowed, "{}: {} instead of {}", name, seen, share);
            }
        }
    }
}

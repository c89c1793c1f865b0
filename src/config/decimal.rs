//! Decimal numbers of the configuration as whole numbers of small units, exactly.
//!
//! A float's shortest form is what was typed (up to 15 digits), so the digits are taken from there: `0.1` is one
//! tenth, not its neighbour.

/// `number` in units of 10^-`places`; `None` where it has more places than that, or is too large.
pub(super) fn to_units(number: f64, places: usize) -> Option<u64> {
    let text = number.abs().to_string();
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    if fraction.len() > places {
        return None;
    }
    format!("{whole}{fraction:0<places$}").parse().ok()
}

/// The number that [`to_units`] was given.
pub(super) fn from_units(units: u64, places: usize) -> f64 {
    let digits = format!("{units:0>width$}", width = places + 1);
    let (whole, fraction) = digits.split_at(digits.len() - places);
    format!("{whole}.{fraction}").parse().unwrap_or(f64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_exact() {
        let check = |number, places, expected| assert_eq!(to_units(number, places), expected, "{number}");
        check(0.1, 6, Some(100_000));
        check(0.3, 12, Some(300_000_000_000));
        check(0.075, 6, Some(75_000));
        check(15.0, 6, Some(15_000_000));
        check(1e6, 12, Some(1_000_000_000_000_000_000));
        check(0.000_001, 6, Some(1));
        check(0.000_000_1, 6, None);
        check(-0.0, 6, Some(0));
        check(1e19, 6, None);
        check(f64::NAN, 6, None);
        check(f64::INFINITY, 6, None);
    }

    proptest::proptest! {
        #[test]
        fn the_way_back_leads_to_the_same_units(whole in 0_u64..=1_000_000, fraction in 0_u64..1_000_000) {
            let units = whole * 1_000_000 + fraction;
            assert_eq!(to_units(from_units(units, 6), 6), Some(units));
        }
    }
}

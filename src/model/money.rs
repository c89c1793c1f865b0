//! What tokens cost, in whole numbers: no rounding, no drift.

use serde::Serialize;

use super::Usage;

/// An amount in units of 10⁻¹² of the currency that the configuration's prices are in. A sum of sixteen million
/// units of that currency still fits; more stays at the largest amount.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Money(pub u64);

impl Money {
    /// Units of 10⁻¹² in one unit of currency.
    pub const ONE: u64 = 1_000_000_000_000;

    /// The sum.
    #[must_use]
    pub fn plus(self, more: Self) -> Self {
        Self(self.0.saturating_add(more.0))
    }

    /// What is left of it, nothing at the least.
    #[must_use]
    pub fn minus(self, less: Self) -> Self {
        Self(self.0.saturating_sub(less.0))
    }
}

impl std::fmt::Display for Money {
    /// Four decimals, rounded up: an amount that is not zero never looks like it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let shown = self.0.div_ceil(Self::ONE / 10_000);
        write!(f, "{}.{:04}", shown / 10_000, shown % 10_000)
    }
}

impl Serialize for Money {
    /// As text, as it is shown.
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Prices of one million tokens, in millionths of the currency.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Price {
    /// Read.
    pub input: u64,
    /// Written.
    pub output: u64,
    /// Read from the provider's cache.
    pub cache_read: u64,
    /// Read and written to the provider's cache.
    pub cache_write: u64,
    /// Prices for whole requests that read more than so many tokens, by rising thresholds.
    pub tiers: Vec<(u64, Price)>,
}

impl Price {
    /// What `usage` costs.
    pub fn of(&self, usage: &Usage) -> Money {
        let read = usage.read();
        let price = self.tiers.iter().rev().find(|(above, _)| read > *above).map_or(self, |(_, tier)| tier);
        let cost = |tokens: u64, price: u64| tokens.saturating_mul(price);
        Money(
            cost(usage.input, price.input)
                .saturating_add(cost(usage.output, price.output))
                .saturating_add(cost(usage.cache_read, price.cache_read))
                .saturating_add(cost(usage.cache_write, price.cache_write)),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn costs_are_exact_and_tiers_hold_for_the_whole_request() {
        let high = Price { input: 6_000_000, output: 22_500_000, ..Price::default() };
        let price = Price {
            input: 3_000_000,
            output: 15_000_000,
            cache_read: 300_000,
            cache_write: 3_750_000,
            tiers: vec![(200_000, high)],
        };
        let usage = Usage { input: 1_000, cache_read: 10_000, cache_write: 100, output: 200, reasoning: 50 };
        // 0.003 + 0.003 + 0.000375 + 0.003
        assert_eq!(price.of(&usage), Money(9_375_000_000));
        let large = Usage { input: 200_001, output: 2, ..Usage::default() };
        assert_eq!(price.of(&large), Money(200_001 * 6_000_000 + 2 * 22_500_000));
        assert_eq!(price.of(&Usage { input: u64::MAX, ..usage }), Money(u64::MAX));
    }

    #[test]
    fn amounts_are_shown_rounded_up() {
        assert_eq!(Money(0).to_string(), "0.0000");
        assert_eq!(Money(1).to_string(), "0.0001");
        assert_eq!(Money(12 * Money::ONE + 345_000_000_000).to_string(), "12.3450");
    }
}

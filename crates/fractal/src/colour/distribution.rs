//! What share of a picture escapes sooner than a given sample?

/// How the smooth counts of escaped samples are spread, as quantiles.
#[derive(Clone, Debug, PartialEq)]
pub struct Distribution {
    quantiles: Vec<f64>,
}

/// Why numbers are not the quantiles of a distribution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DistributionError {
    /// There are more than 257.
    #[error("a distribution has at most 257 quantiles")]
    TooMany,
    /// One is infinite, not a number, or below its predecessor.
    #[error("quantiles must be finite and ascend")]
    Order,
}

/// The minimum, 255 between, and the maximum: finer than a byte of colour can show.
const QUANTILES: usize = 257;

impl Distribution {
    /// The distribution of the finite ones among smooth counts.
    pub fn of(smooth: &[f64]) -> Distribution {
        let mut escaped: Vec<f64> = smooth
            .iter()
            .copied()
            .filter(|value| value.is_finite())
            .collect();
        escaped.sort_unstable_by(f64::total_cmp);
        let quantiles = match escaped.len() {
            0 => Vec::new(),
            len => (0..QUANTILES)
                .map(|i| escaped[i * (len - 1) / (QUANTILES - 1)])
                .collect(),
        };
        Distribution { quantiles }
    }

    /// A distribution from what [`Distribution::quantiles`] gave.
    ///
    /// # Errors
    /// [`DistributionError`] for more than 257 values, or values that do not ascend.
    pub fn from_quantiles(quantiles: Vec<f64>) -> Result<Distribution, DistributionError> {
        if quantiles.len() > QUANTILES {
            return Err(DistributionError::TooMany);
        }
        if !quantiles.iter().all(|value| value.is_finite()) || !quantiles.is_sorted() {
            return Err(DistributionError::Order);
        }
        Ok(Distribution { quantiles })
    }

    /// At most 257 values at equal ranks from the least to the greatest; none where nothing escaped.
    pub fn quantiles(&self) -> &[f64] {
        &self.quantiles
    }

    /// The rank of a smooth count, from 0 to 1: linear between quantiles, 0 below the least, 1 from the greatest on.
    #[inline]
    pub fn rank(&self, smooth: f64) -> f64 {
        let above = self
            .quantiles
            .partition_point(|&quantile| quantile <= smooth);
        if above == 0 {
            return 0.0;
        }
        let intervals = (self.quantiles.len() - 1) as f64;
        let Some(&right) = self.quantiles.get(above) else {
            return 1.0;
        };
        let left = self.quantiles[above - 1];
        ((above - 1) as f64 + (smooth - left) / (right - left)) / intervals
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_ascend_from_0_to_1() {
        let smooth: Vec<f64> = (0..1000).map(|i| f64::from(i * i)).collect();
        let distribution = Distribution::of(&smooth);
        assert_eq!(distribution.rank(-1.0), 0.0);
        assert_eq!(distribution.rank(1e9), 1.0);
        assert!((distribution.rank(250_000.0) - 0.5).abs() < 0.01);
        assert!(smooth.is_sorted_by_key(|&value| distribution.rank(value)));
    }

    #[test]
    fn quantiles_come_back_as_they_were() {
        let distribution = Distribution::of(&[3.0, f64::INFINITY, 1.0, 2.0]);
        let again = Distribution::from_quantiles(distribution.quantiles().to_vec()).unwrap();
        assert_eq!(again, distribution);
        assert_eq!(distribution.quantiles().len(), 257);
    }

    #[test]
    fn nothing_escaped_has_rank_0() {
        assert_eq!(Distribution::of(&[f64::INFINITY]).rank(5.0), 0.0);
        assert_eq!(
            Distribution::from_quantiles(vec![2.0]).unwrap().rank(2.0),
            1.0
        );
    }

    #[test]
    fn what_does_not_ascend_is_refused() {
        let from = Distribution::from_quantiles;
        assert_eq!(from(vec![2.0, 1.0]), Err(DistributionError::Order));
        assert_eq!(from(vec![f64::NAN]), Err(DistributionError::Order));
        assert_eq!(from(vec![0.0; 258]), Err(DistributionError::TooMany));
    }
}

//! How much does a sample differ from those around it?

use crate::field::Field;

/// The samples, without the ring around them, of which a neighbour's smooth count differs by `steepest` or more, by ascending index among
/// those without a ring. What has not escaped differs from all that has.
pub(super) fn doubtful(field: &Field, ring: usize, steepest: f64) -> Vec<u32> {
    let width = field.width;
    let rows: Vec<&[f64]> = field.smooth.chunks_exact(width.max(1)).collect();
    let mut doubtful = Vec::new();
    let (mut lowest, mut highest) = (vec![0.0; width], vec![0.0; width]);
    for row in ring..field.height.saturating_sub(ring) {
        let (above, here, below) = (rows[row - 1], rows[row], rows[row + 1]);
        for column in 0..width {
            let (one, two, three) = (above[column], here[column], below[column]);
            lowest[column] = least(least(one, two), three);
            highest[column] = most(most(one, two), three);
        }
        let first = (row - ring) * (width - 2 * ring);
        for column in ring..width - ring {
            let low = least(
                least(lowest[column - 1], lowest[column]),
                lowest[column + 1],
            );
            let high = most(
                most(highest[column - 1], highest[column]),
                highest[column + 1],
            );
            // Where none has escaped, or all are +∞, the differences are no numbers.
            if here[column] - low >= steepest || high - here[column] >= steepest {
                doubtful.push((first + column - ring) as u32);
            }
        }
    }
    doubtful
}

/// f64::min asks for more: what becomes of NaN, of which there is none here.
fn least(one: f64, other: f64) -> f64 {
    if other < one { other } else { one }
}

fn most(one: f64, other: f64) -> f64 {
    if other > one { other } else { one }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::field::Channels;

    /// Four rows of five samples, of which the outermost are the ring.
    fn field(smooth: [f64; 20]) -> Field {
        Field {
            smooth: smooth.to_vec(),
            counts: (0..20).collect(),
            ..Field::interior(5, 4, Channels::default())
        }
    }

    #[test]
    fn whoever_differs_from_a_neighbour_is_doubtful() {
        let mut smooth = [1.0; 20];
        assert_eq!(doubtful(&field(smooth), 1, 4.0), [0_u32; 0]);
        // The upper left corner touches one sample.
        smooth[0] = 5.0;
        assert_eq!(doubtful(&field(smooth), 1, 4.0), [0]);
        smooth[0] = 4.9;
        assert_eq!(doubtful(&field(smooth), 1, 4.0), [0_u32; 0]);
        // A sample in the middle touches all, and differs itself.
        smooth[7] = -3.0;
        assert_eq!(doubtful(&field(smooth), 1, 4.0), [0, 1, 2, 3, 4, 5]);
    }

    #[test]
    fn what_has_not_escaped_is_believed_among_its_like_alone() {
        let mut smooth = [f64::INFINITY; 20];
        assert_eq!(doubtful(&field(smooth), 1, 4.0), [0_u32; 0]);
        smooth[9] = 100.0;
        assert_eq!(doubtful(&field(smooth), 1, 4.0), [2, 5]);
    }
}

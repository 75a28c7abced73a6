/// What stands for one part in eight and more, up to all.
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// A small plot of the newest numbers, as high as the largest of them; where there are fewer, it begins later.
pub(super) fn plot(numbers: &[f64], width: usize) -> String {
    let shown = numbers.get(numbers.len().saturating_sub(width)..).unwrap_or_default();
    let most = shown.iter().copied().fold(0.0, f64::max);
    let bars = shown.iter().map(|number| bar(*number, most));
    std::iter::repeat_n(' ', width - shown.len()).chain(bars).collect()
}

fn bar(number: f64, most: f64) -> char {
    if number <= 0.0 || most <= 0.0 {
        return BARS[0];
    }
    let parts = BARS.iter().enumerate();
    let mut at_least = parts.filter(|(at, _)| number * 8.0 > most * f64::from(u8::try_from(*at).unwrap_or(0)));
    at_least.next_back().map_or(BARS[0], |(_, bar)| *bar)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plot_is_as_high_as_its_largest_number_and_shows_the_newest() {
        let table: [(&[f64], usize, &str); 6] = [
            (&[], 3, "   "),
            (&[0.0, 0.0], 2, "▁▁"),
            (&[1.0, 2.0, 4.0, 8.0], 4, "▁▂▄█"),
            (&[5.0], 3, "  █"),
            (&[9.0, 1.0, 1.0], 2, "██"),
            (&[f64::NAN, -3.0, 8.0], 3, "▁▁█"),
        ];
        for (numbers, width, plotted) in table {
            assert_eq!(plot(numbers, width), plotted, "{numbers:?}");
        }
    }
}

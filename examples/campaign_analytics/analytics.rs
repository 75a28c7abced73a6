use std::fmt;

use anyhow::{Result, ensure};
use tekup_events_marketing::CampaignCompleted;

/// A return beyond this, in percent of the cost, is news.
const HIGH_ROI: f64 = 400.0;

/// How well a campaign did, in percent; a rate of nothing is `None`, and no division by zero.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Analytics {
    /// Opened, of those that were delivered.
    pub(crate) open_rate: Option<f64>,
    /// Links that were followed, of those that were opened; above 100 where several were.
    pub(crate) click_rate: Option<f64>,
    /// Converted, of the links that were followed.
    pub(crate) conversion_rate: Option<f64>,
    pub(crate) roi: f64,
}

impl Analytics {
    pub(crate) fn of(campaign: &CampaignCompleted) -> Result<Self> {
        let CampaignCompleted { campaign_id, delivered, opened, clicked, converted, roi, .. } = campaign;
        ensure!(
            opened <= delivered,
            "campaign `{campaign_id}` was opened {opened} times and delivered {delivered} times: count it anew"
        );
        Ok(Self {
            open_rate: rate(*opened, *delivered),
            click_rate: rate(*clicked, *opened),
            conversion_rate: rate(*converted, *clicked),
            roi: *roi,
        })
    }

    pub(crate) fn is_news(&self) -> bool {
        self.roi > HIGH_ROI
    }
}

fn rate(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 * 100.0 / whole as f64)
}

impl fmt::Display for Analytics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (what, rate) in
            [("opened", self.open_rate), ("clicked", self.click_rate), ("converted", self.conversion_rate)]
        {
            let shown = rate.map_or_else(|| "-".to_owned(), |rate| format!("{rate:.1}%"));
            write!(f, "{what} {shown}, ")?;
        }
        write!(f, "roi {}%", self.roi)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_of_nothing_is_none_and_every_other_a_number() {
        let table = [(0, 0, None), (5, 0, None), (0, 10, Some(0.0)), (5, 10, Some(50.0)), (30, 10, Some(300.0))];
        for (part, whole, expected) in table {
            assert_eq!(rate(part, whole), expected, "{part} of {whole}");
        }
    }

    #[test]
    fn news_is_what_is_above_the_mark_not_on_it() {
        let of = |roi| Analytics { open_rate: None, click_rate: None, conversion_rate: None, roi };
        assert_eq!([400.0, 400.1].map(|roi| of(roi).is_news()), [false, true]);
    }
}

//! The database's own metric: how many verbs shared each commit.

use std::fmt;
use std::sync::Arc;

use posthorn_store::sqlite::Sqlite;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::encoding::NoLabelSet;
use prometheus_client::metrics::MetricType;

/// Prints `posthorn_commit_batch_size` from the writer's counts, when `/metrics` is read.
pub(super) struct CommitSizes(pub(super) Arc<Sqlite>);

impl fmt::Debug for CommitSizes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CommitSizes")
    }
}

impl Collector for CommitSizes {
    #[expect(clippy::cast_precision_loss, reason = "a count of verbs stays far below 2^53")]
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let Some(counted) = self.0.commits() else { return Ok(()) };
        let bounds = (0..).map(|power: u32| f64::from(1_u32 << power));
        let mut buckets: Vec<(f64, u64)> = bounds.zip(counted.sizes).collect();
        let within: u64 = counted.sizes.iter().sum();
        buckets.push((f64::INFINITY, counted.commits.saturating_sub(within)));
        let kind = MetricType::Histogram;
        let help = "Verbs in one commit of the database";
        encoder
            .encode_descriptor("posthorn_commit_batch_size", help, None, kind)?
            .encode_histogram::<NoLabelSet>(counted.verbs as f64, counted.commits, &buckets, None)
    }
}

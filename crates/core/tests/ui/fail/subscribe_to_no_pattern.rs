use tekup_core::{RawEvent, Subscription};

fn main() {
    let seven = Subscription::matching("audit", 7).handler(async |_: RawEvent, _| ());
    drop(seven);
}

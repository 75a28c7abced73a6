use tekup_core::TekupEvent;

#[derive(TekupEvent)]
union LeadCreated {
    whole: u32,
    parts: [u8; 4],
}

fn main() {}

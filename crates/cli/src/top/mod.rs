//! `tekup top`: the bus, live.

mod draw;
mod keys;
mod plot;
mod rates;
mod sample;
mod view;

use std::{io::IsTerminal, time::Duration};

use anyhow::ensure;
use ratatui::DefaultTerminal;
use tekup_core::EventBus;
use tokio::{
    sync::mpsc,
    time::{Instant, sleep_until},
};

use self::{keys::Key, view::View};
use crate::{Ended, server::BusArgs, subscriptions::Page};

/// How much of the time at most is spent with looking: a store that answers slowly is asked less often.
const SHARE: u32 = 5;

#[derive(Debug, clap::Args)]
pub(crate) struct TopArgs {
    /// How often to look, 200 ms to 1 h.
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = interval)]
    interval: Duration,
    #[command(flatten)]
    page: Page,
    #[command(flatten)]
    server: crate::server::ServerArgs,
}

fn interval(text: &str) -> Result<Duration, String> {
    let interval = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    let allowed = Duration::from_millis(200)..=Duration::from_secs(3_600);
    if allowed.contains(&interval) { Ok(interval) } else { Err("use 200ms to 1h".into()) }
}

pub(crate) fn run(args: &TopArgs) -> anyhow::Result<Ended> {
    let is_terminal = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    ensure!(is_terminal, "`tekup top` needs a terminal: for programs there is `tekup stats --output json`");
    let (name, server) = (args.server.name()?, BusArgs::of(args.server.clone()));
    server.with_bus(async |bus| {
        let mut terminal = ratatui::try_init()?;
        let ended = live(bus, args, View::new(name), &mut terminal).await;
        ratatui::try_restore()?;
        ended.map(|()| Ended::Well)
    })
}

/// Looks and draws, until somebody has seen enough.
async fn live(bus: &EventBus, args: &TopArgs, mut view: View, terminal: &mut DefaultTerminal) -> anyhow::Result<()> {
    let mut pressed = keys::listen()?;
    let mut next = Instant::now();
    loop {
        terminal.draw(|frame| draw::draw(&view, frame))?;
        tokio::select! {
            key = pressed.recv() => match key {
                None | Some(Key::Quit) => return Ok(()),
                Some(key) => view.press(key),
            },
            () = sleep_until(next), if !view.is_frozen() => {
                let begun = Instant::now();
                let Some(found) = look(bus, args, &mut pressed, &mut view, terminal).await? else { return Ok(()) };
                view.take(found.map_err(|error| error.to_string()));
                next = begun + args.interval.max(begun.elapsed() * SHARE);
            }
        }
    }
}

/// Looks, and heeds keys meanwhile: a store that hangs does not hang the terminal. `None` if somebody has seen enough.
async fn look(
    bus: &EventBus,
    args: &TopArgs,
    pressed: &mut mpsc::Receiver<Key>,
    view: &mut View,
    terminal: &mut DefaultTerminal,
) -> anyhow::Result<Option<tekup_core::Result<sample::Sample>>> {
    let mut looking = std::pin::pin!(sample::take(bus, &args.page));
    loop {
        tokio::select! {
            found = &mut looking => return Ok(Some(found)),
            key = pressed.recv() => match key {
                None | Some(Key::Quit) => return Ok(None),
                Some(key) => view.press(key),
            },
        }
        terminal.draw(|frame| draw::draw(view, frame))?;
    }
}

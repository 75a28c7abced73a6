use std::thread;

use ratatui::crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use tekup_core::asked_to_stop;
use tokio::sync::mpsc;

/// What somebody wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Key {
    Quit,
    /// Another order.
    Sort,
    /// Subscriptions or tenants.
    Other,
    /// To stand still, or to go on.
    Freeze,
    Up,
    Down,
    Help,
    /// The terminal has another size.
    Redraw,
}

impl Key {
    fn of(event: &Event) -> Option<Self> {
        match event {
            Event::Resize(..) => Some(Self::Redraw),
            Event::Key(KeyEvent { kind: KeyEventKind::Release, .. }) => None,
            Event::Key(KeyEvent { code, modifiers, .. }) => Self::of_code(*code, *modifiers),
            _ => None,
        }
    }

    fn of_code(code: KeyCode, modifiers: KeyModifiers) -> Option<Self> {
        Some(match code {
            KeyCode::Char('c') if modifiers.contains(KeyModifiers::CONTROL) => Self::Quit,
            KeyCode::Char('q') | KeyCode::Esc => Self::Quit,
            KeyCode::Char('s') => Self::Sort,
            KeyCode::Char('t') | KeyCode::Tab => Self::Other,
            KeyCode::Char(' ') => Self::Freeze,
            KeyCode::Char('k') | KeyCode::Up => Self::Up,
            KeyCode::Char('j') | KeyCode::Down => Self::Down,
            KeyCode::Char('?' | 'h') => Self::Help,
            _ => return None,
        })
    }
}

/// Keys as they are pressed; a signal to stop is one to quit. They are read on a thread of their own, which ends with the
/// program.
pub(super) fn listen() -> tekup_core::Result<mpsc::Receiver<Key>> {
    let (pressed, keys) = mpsc::channel(16);
    let (stop, quit) = (asked_to_stop()?, pressed.clone());
    tokio::spawn(async move {
        stop.await;
        let _ended = quit.send(Key::Quit).await;
    });
    thread::spawn(move || {
        while let Ok(event) = event::read() {
            let Some(key) = Key::of(&event) else { continue };
            if pressed.blocking_send(key).is_err() {
                return;
            }
        }
    });
    Ok(keys)
}

//! A terminal in which the program runs.

use std::{
    io::{Read, Write},
    num::NonZero,
    sync::{Arc, Mutex},
    thread,
};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use vt100::Parser;

use crate::world::{World, eventually, heeded};

pub(crate) struct Terminal {
    screen: Arc<Mutex<Parser>>,
    keys: Box<dyn Write + Send>,
    master: Box<dyn MasterPty + Send>,
    child: Box<dyn Child + Send + Sync>,
}

fn size(rows: u16, cols: u16) -> PtySize {
    PtySize { rows, cols, pixel_width: 0, pixel_height: 0 }
}

fn of(count: u16) -> NonZero<u16> {
    NonZero::new(count).unwrap()
}

impl Terminal {
    pub(crate) fn run(world: &World, args: &[&str], (rows, cols): (u16, u16)) -> Self {
        let pair = native_pty_system().openpty(size(rows, cols)).unwrap();
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_tekup"));
        command.args(args);
        heeded().iter().for_each(|name| command.env_remove(name));
        command.env("REDIS_URL", world.server.url());
        command.env("TERM", "xterm-256color");
        let child = pair.slave.spawn_command(command).unwrap();
        let screen = Arc::new(Mutex::new(Parser::new(of(rows), of(cols), 0)));
        let (mut output, shown) = (pair.master.try_clone_reader().unwrap(), screen.clone());
        thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(count @ 1..) = output.read(&mut bytes) {
                shown.lock().unwrap().process(&bytes[..count]);
            }
        });
        Self { screen, keys: pair.master.take_writer().unwrap(), master: pair.master, child }
    }

    pub(crate) fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    pub(crate) fn resize(&mut self, rows: u16, cols: u16) {
        self.screen.lock().unwrap().screen_mut().set_size(of(rows), of(cols));
        self.master.resize(size(rows, cols)).unwrap();
    }

    pub(crate) fn text(&self) -> String {
        self.screen.lock().unwrap().screen().contents()
    }

    /// Whether the program has the whole screen, and not the shell.
    pub(crate) fn is_taken(&self) -> bool {
        self.screen.lock().unwrap().screen().alternate_screen()
    }

    /// Until the screen shows what is wanted.
    pub(crate) async fn until(&self, shows: impl Fn(&str) -> bool) -> String {
        eventually(async || shows(&self.text())).await;
        self.text()
    }

    pub(crate) fn pid(&self) -> String {
        self.child.process_id().unwrap().to_string()
    }

    /// Until the program has ended, with which code.
    pub(crate) async fn ended(&mut self) -> u32 {
        let child = Mutex::new(&mut self.child);
        let code = Mutex::new(None);
        eventually(async || {
            *code.lock().unwrap() = child.lock().unwrap().try_wait().unwrap();
            code.lock().unwrap().is_some()
        })
        .await;
        code.into_inner().unwrap().unwrap().exit_code()
    }
}

//! Units of systemd.

use super::{expect_settings, grace, text};

const ALL: [&str; 2] = ["systemd/tekup-serve.service", "systemd/tekup-service@.service"];

fn said<'a>(unit: &'a str, name: &str) -> Vec<&'a str> {
    unit.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix('=')).collect()
}

#[test]
fn the_login_is_a_credential_and_every_variable_is_read() {
    for name in ALL {
        let unit = text(name);
        let variables = said(&unit, "Environment").into_iter().map(|pair| pair.split_once('=').unwrap());
        let variables = variables.map(|(name, value)| (name.to_owned(), value.replace("%i", "web"))).collect();
        expect_settings(name, &variables);
        let credential = said(&unit, "LoadCredential")[0].split_once(':').unwrap().0;
        assert_eq!(variables["REDIS_URL_FILE"], format!("%d/{credential}"), "{name}");
    }
}

#[test]
fn a_service_and_the_program_listen_apart_from_each_other() {
    let (program, service) = (text(ALL[0]), text(ALL[1]));
    let own = said(&program, "ExecStart")[0].rsplit_once(' ').unwrap().1;
    let others =
        said(&service, "Environment").into_iter().find_map(|pair| pair.strip_prefix("OPERATIONS_LISTEN=")).unwrap();
    assert!(own.starts_with("127.0.0.1:") && others.starts_with("127.0.0.1:") && own != others, "{own} {others}");
}

#[test]
fn a_service_has_time_to_finish_what_it_has_begun() {
    let unit = text(ALL[1]);
    assert!(humantime::parse_duration(said(&unit, "TimeoutStopSec")[0]).unwrap() > grace());
}

#[test]
fn the_program_is_started_as_it_understands() {
    let unit = text(ALL[0]);
    let words: Vec<&str> = said(&unit, "ExecStart")[0].split(' ').collect();
    let [_, command, flag, address] = words[..] else { panic!("{words:?}") };
    let help = crate::told(&crate::tekup(&[command, "--help"]));
    assert!(help.contains(&format!("{flag} <")) && help.contains(&format!("[default: {address}]")), "{help}");
}

#[test]
fn both_have_the_same_walls() {
    let walls = |name| {
        let unit = text(name);
        let (_, rest) = unit.split_once("\nDynamicUser=yes\n").unwrap();
        rest.split_once("MemoryMax").unwrap().0.to_owned()
    };
    assert_eq!(walls(ALL[0]), walls(ALL[1]));
}

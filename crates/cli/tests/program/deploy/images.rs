//! Dockerfiles beside the workspace.

use super::{expect_probe, expect_settings, text};

const ALL: [&str; 2] = ["docker/tekup.Dockerfile", "docker/service.Dockerfile"];

/// What follows an instruction, wherever it stands.
fn said<'a>(file: &'a str, instruction: &str) -> Vec<&'a str> {
    file.lines().filter_map(|line| line.trim().strip_prefix(instruction)).collect()
}

/// A command in the form that needs no shell.
fn command(file: &str, instruction: &str) -> Vec<String> {
    serde_json::from_str(said(file, instruction)[0]).unwrap()
}

#[test]
fn they_build_with_the_toolchain_and_the_version_of_the_workspace() {
    let toolchain = include_str!("../../../../../rust-toolchain.toml");
    for name in ALL {
        let file = text(name);
        let rust = said(&file, "ARG RUST_VERSION=")[0];
        assert!(toolchain.contains(&format!("channel = \"{rust}\"")), "{name}: {rust}");
        assert_eq!(said(&file, "ARG VERSION="), [env!("CARGO_PKG_VERSION")], "{name}");
    }
}

#[test]
fn they_run_as_a_number_that_is_not_root_by_the_binary_alone_and_it_is_its_own_health_check() {
    for name in ALL {
        let file = text(name);
        let user: u64 = said(&file, "USER ")[0].split_once(':').unwrap().0.parse().unwrap();
        assert!(user >= 1_000, "{name}: {user}");
        let entry = command(&file, "ENTRYPOINT ");
        assert!(
            entry.len() == 1 && said(&file, "COPY --from=build ")[0].ends_with(&format!(" {}", entry[0])),
            "{name}"
        );
        assert_eq!(said(&file, "STOPSIGNAL "), ["SIGTERM"], "{name}");
        let check: Vec<String> = file
            .split_once("HEALTHCHECK ")
            .and_then(|(_, rest)| rest.split_once("CMD "))
            .map(|(_, rest)| serde_json::from_str(rest.lines().next().unwrap()).unwrap())
            .unwrap();
        assert_eq!(check[0], entry[0], "{name}");
        expect_probe(&check.iter().map(String::as_str).collect::<Vec<_>>());
        // What is restarted when its check fails must not be because Redis is away.
        assert!(check.last().unwrap().ends_with("/livez"), "{name}");
    }
}

#[test]
fn the_variables_and_ports_of_the_service_are_those_that_it_reads() {
    let file = text(ALL[1]);
    let (_, rest) = file.split_once("\nENV ").unwrap();
    let (variables, _) = rest.split_once("\nEXPOSE ").unwrap();
    let pairs = variables.split_whitespace().filter_map(|pair| pair.split_once('='));
    let variables = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    expect_settings(ALL[1], &variables);
    let ports =
        ["LISTEN", "OPERATIONS_LISTEN"].map(|name| variables[name].strip_prefix("0.0.0.0:").unwrap().to_owned());
    assert_eq!(said(&file, "EXPOSE "), [ports.join(" ")]);
}

#[test]
fn the_program_serves_on_the_port_that_its_image_exposes() {
    let file = text(ALL[0]);
    let address = format!("0.0.0.0:{}", said(&file, "EXPOSE ")[0]);
    let command: Vec<String> = serde_json::from_str(said(&file, "CMD ").last().unwrap()).unwrap();
    assert_eq!(command, ["serve", "--listen", &address]);
}

#[test]
fn the_context_of_a_build_holds_what_is_built_and_no_toolchain() {
    let file = include_str!("../../../../../.dockerignore");
    let rules: Vec<&str> = file.lines().filter(|line| !line.starts_with('#')).collect();
    assert_eq!(rules[0], "*");
    for kept in ["!Cargo.toml", "!Cargo.lock", "!crates", "!examples", "**/target"] {
        assert!(rules.contains(&kept), "{kept}");
    }
}

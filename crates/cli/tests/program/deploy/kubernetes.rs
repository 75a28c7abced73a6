//! Manifests beside the program that they run.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use serde_json::Value;

use super::{OPERATIONS, bytes, expect_route, expect_settings, grace, list, maxmemory, path, text, words, yaml};

const FILES: [&str; 6] = ["namespace", "redis", "tekup", "service", "autoscaling", "network"];

fn manifests() -> Vec<Value> {
    FILES.iter().flat_map(|name| yaml(&format!("kubernetes/{name}.yaml"))).collect()
}

fn of_kind(kind: &str) -> Vec<Value> {
    manifests().into_iter().filter(|manifest| manifest["kind"] == kind).collect()
}

fn workloads() -> Vec<Value> {
    [of_kind("Deployment"), of_kind("StatefulSet")].concat()
}

fn named(kind: &str, name: &str) -> Value {
    of_kind(kind).into_iter().find(|manifest| manifest["metadata"]["name"] == name).unwrap()
}

fn pod(workload: &Value) -> &Value {
    &workload["spec"]["template"]["spec"]
}

fn container(workload: &Value) -> &Value {
    let containers = list(&pod(workload)["containers"]);
    assert_eq!(containers.len(), 1);
    &containers[0]
}

/// What settings.env says.
fn settings() -> BTreeMap<String, String> {
    let file = text("kubernetes/settings.env");
    let lines = file.lines().filter(|line| !line.starts_with('#')).map(|line| line.split_once('=').unwrap());
    lines.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

#[test]
fn kustomization_names_all_manifests_and_every_file_that_it_names_is_there() {
    let kustomization = yaml("kubernetes/kustomization.yaml").remove(0);
    let resources = words(&kustomization["resources"]);
    let files = FILES.map(|name| format!("{name}.yaml"));
    assert_eq!(resources.iter().skip(1).collect::<Vec<_>>(), files.iter().collect::<Vec<_>>());
    for folder in ["kubernetes", "redis"] {
        for generated in list(&yaml(&format!("{folder}/kustomization.yaml"))[0]["configMapGenerator"]) {
            for file in words(&generated["files"]).into_iter().chain(words(&generated["envs"])) {
                assert!(path(folder).join(file).is_file(), "{folder}: {file}");
            }
        }
    }
    for image in list(&kustomization["images"]) {
        assert_eq!(image["newTag"], env!("CARGO_PKG_VERSION"));
        assert!(workloads().iter().any(|workload| container(workload)["image"] == image["name"]), "{image}");
    }
}

#[test]
fn probes_ask_routes_that_fit_them_on_the_port_of_operations() {
    let mut asked = 0;
    for workload in workloads() {
        let container = container(&workload);
        let ports = list(&container["ports"]);
        for (probe, route) in
            [("startupProbe", "/startupz"), ("readinessProbe", "/readyz"), ("livenessProbe", "/livez")]
        {
            let Value::Object(get) = &container[probe]["httpGet"] else { continue };
            asked += 1;
            assert_eq!(get["path"], route, "{probe} of {}", container["name"]);
            expect_route(route);
            let port = ports.iter().find(|port| port["name"] == get["port"]).unwrap();
            assert_eq!(port["containerPort"], OPERATIONS);
            // A look at the store has 0.8 s, and may be the first.
            assert!(container[probe]["timeoutSeconds"].as_u64() >= Some(2), "{probe}");
        }
    }
    assert_eq!(asked, 5);
}

#[test]
fn metrics_are_scraped_where_they_are_served_and_let_in_there_alone() {
    let (mut scraped, port) = (0, OPERATIONS.to_string());
    for workload in workloads() {
        let Value::Object(annotations) = &workload["spec"]["template"]["metadata"]["annotations"] else { continue };
        scraped += 1;
        assert_eq!(
            (&annotations["prometheus.io/port"], &annotations["prometheus.io/path"]),
            (&Value::from(port.as_str()), &"/metrics".into())
        );
    }
    assert_eq!(scraped, 2);
    let clients = named("NetworkPolicy", "clients-of-redis");
    assert_eq!(clients["spec"]["ingress"][0]["ports"][0]["port"], OPERATIONS);
    assert_eq!(named("NetworkPolicy", "requests")["spec"]["ingress"][0]["ports"][0]["port"], 3000);
}

#[test]
fn every_variable_is_read_and_takes_its_value() {
    let shared = settings();
    expect_settings("settings.env", &shared);
    for name in ["tekup", "web"] {
        let workload = named("Deployment", name);
        let mut said = BTreeMap::new();
        for variable in list(&container(&workload)["env"]) {
            let key = variable["valueFrom"]["configMapKeyRef"]["key"].as_str();
            let value = key.map_or_else(|| variable["value"].as_str().unwrap(), |key| &shared[key]);
            said.insert(variable["name"].as_str().unwrap().to_owned(), value.to_owned());
        }
        expect_settings(name, &said);
        // The file with the login is where the secret is mounted, by its only key.
        let mount = container(&workload)["volumeMounts"][0]["mountPath"].as_str().unwrap();
        assert_eq!(said["REDIS_URL_FILE"], format!("{mount}/url"));
        let secret = &pod(&workload)["volumes"][0]["secret"]["secretName"];
        let template = yaml("kubernetes/secrets.template.yaml");
        let template = template.iter().find(|it| it["metadata"]["name"] == *secret).unwrap();
        assert!(template["stringData"]["url"].as_str().unwrap().contains("PASSWORD"));
    }
}

#[test]
fn a_pod_is_given_more_time_than_it_takes_to_stop() {
    let seconds =
        |workload: &Value| Duration::from_secs(pod(workload)["terminationGracePeriodSeconds"].as_u64().unwrap());
    let web = named("Deployment", "web");
    let before = container(&web)["lifecycle"]["preStop"]["sleep"]["seconds"].as_u64().unwrap();
    assert!(seconds(&web) >= Duration::from_secs(before) + grace() + Duration::from_secs(5));
    let said: u64 = settings()["EVENT_BUS_SHUTDOWN_GRACE_MS"].parse().unwrap();
    assert!(Duration::from_millis(said) + super::HTTP_GRACE <= grace());
    assert!(seconds(&named("Deployment", "tekup")) > super::HTTP_GRACE);
    assert!(seconds(&named("StatefulSet", "redis")) >= Duration::from_secs(60));
}

#[test]
fn nobody_is_root_or_writes_where_it_has_no_volume_or_can_ask_the_cluster() {
    for workload in workloads() {
        let (pod, container) = (pod(&workload), container(&workload));
        for (what, expected) in [
            (&pod["automountServiceAccountToken"], false),
            (&pod["enableServiceLinks"], false),
            (&pod["securityContext"]["runAsNonRoot"], true),
            (&container["securityContext"]["readOnlyRootFilesystem"], true),
            (&container["securityContext"]["allowPrivilegeEscalation"], false),
        ] {
            assert_eq!(*what, expected, "{}", container["name"]);
        }
        assert_eq!(pod["securityContext"]["seccompProfile"]["type"], "RuntimeDefault");
        assert_eq!(words(&container["securityContext"]["capabilities"]["drop"]), ["ALL"]);
        let resources = &container["resources"];
        assert!(["cpu", "memory"].iter().all(|name| resources["requests"][name].is_string()));
        assert!(resources["limits"]["memory"].is_string(), "{}", container["name"]);
    }
    for (name, file) in [("tekup", "docker/tekup.Dockerfile"), ("web", "docker/service.Dockerfile")] {
        let user = pod(&named("Deployment", name))["securityContext"]["runAsUser"].as_u64().unwrap();
        assert!(text(file).contains(&format!("\nUSER {user}:{user}\n")), "{name}");
    }
}

#[test]
fn redis_has_twice_the_memory_that_it_may_hold_and_room_for_its_files() {
    let redis = named("StatefulSet", "redis");
    let memory = &container(&redis)["resources"];
    assert_eq!(memory["requests"]["memory"], memory["limits"]["memory"]);
    assert!(bytes(memory["limits"]["memory"].as_str().unwrap()) >= 2 * maxmemory());
    let claim = &redis["spec"]["volumeClaimTemplates"][0]["spec"]["resources"]["requests"]["storage"];
    assert!(bytes(claim.as_str().unwrap()) >= 4 * maxmemory());
    assert!(named("PodDisruptionBudget", "redis")["spec"]["maxUnavailable"] == 0);
}

#[test]
fn replicas_follow_what_waits_for_a_subscription_of_the_sample_by_a_metric_that_is_told() {
    let scaler = named("HorizontalPodAutoscaler", "web");
    let adapter = yaml("kubernetes/prometheus-adapter.yaml").remove(0);
    let rule = &adapter["rules"]["external"][0];
    assert_eq!(scaler["spec"]["metrics"][0]["external"]["metric"]["name"], rule["name"]["as"]);
    let (series, query) = (rule["seriesQuery"].as_str().unwrap(), rule["metricsQuery"].as_str().unwrap());
    let metrics = include_str!("../../../../../docs/metrics.md");
    let words: BTreeSet<&str> =
        [series, query].iter().flat_map(|text| text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_')).collect();
    for word in &words {
        let is_state = ["ready", "in_flight"].contains(word);
        assert!(!(is_state || word.starts_with("tekup_")) || metrics.contains(&format!("`{word}`")), "{word}");
    }
    assert!(words.contains("tekup_depth_events") && words.contains("tekup_paused") && words.contains("in_flight"));
    let sample = include_str!("../../../../../examples/axum_service/main.rs");
    let subscription = series.split('"').nth(1).unwrap();
    let (service, name) = subscription.split_once('/').unwrap();
    assert!(sample.contains(&format!("(\"{name}\")")) && query.matches(subscription).count() == 2);
    let variables = container(&named("Deployment", "web"))["env"].clone();
    assert!(list(&variables).iter().any(|it| it["name"] == "SERVICE_NAME" && it["value"] == service));
    assert_eq!(scaler["spec"]["scaleTargetRef"]["name"], "web");
}

#[test]
fn selectors_find_the_pods_that_they_mean() {
    let labels = |workload: &Value| workload["spec"]["template"]["metadata"]["labels"].clone();
    let pods: Vec<Value> = workloads().iter().map(labels).collect();
    let selectors = manifests().into_iter().filter_map(|manifest| {
        let spec = &manifest["spec"];
        let selector = if manifest["kind"] == "Service" { &spec["selector"] } else { &spec["selector"]["matchLabels"] };
        let selector = if manifest["kind"] == "NetworkPolicy" { &spec["podSelector"]["matchLabels"] } else { selector };
        selector.as_object().cloned()
    });
    let mut count = 0;
    for selector in selectors {
        count += 1;
        let is_met = |pod: &Value| selector.iter().all(|(name, value)| pod[name] == *value);
        assert!(pods.iter().any(is_met), "{selector:?}");
    }
    assert!(count >= 11, "{count}");
}

use tekup_redis_transport::{RedisConfig, sources};

use crate::scene::{CANARY, Scene};

/// Wherever a password may get by mistake.
fn scenes() -> Vec<Scene> {
    let url = format!("redis://:{CANARY}@db");
    let broken = [
        format!("redis://:{CANARY}@db:99999999"),
        format!("redis://ada:12/{CANARY}@db"),
        format!("http://{CANARY}@db"),
        CANARY.to_owned(),
    ];
    let mut scenes: Vec<Scene> = broken
        .iter()
        .flat_map(|url| {
            let scene = Scene::new();
            let path = scene.write("url", url);
            [
                scene.variable("REDIS_URL_FILE", &path),
                Scene::new().variable("REDIS_URL", url),
                Scene::new().flag("--redis", "redis.url", url),
                Scene::new().file(format!("[redis]\nurl = {url:?}\n")),
            ]
        })
        .collect();
    let toml = [
        format!("[redis]\nurl = {url}\n"),
        format!("[redis]\nurl = \"{url}\n"),
        format!("[redis]\nurl = [\"{url}\"]\n"),
        format!("[redis]\nurl = {{ at = \"{url}\" }}\n"),
        format!("[redis]\nuri = \"{url}\"\n"),
        format!("redis = \"{url}\"\n"),
        format!("url = \"{url}\"\n"),
        format!("[redis]\nurl = \"{url}\"\nurl = \"{url}\"\n"),
        format!("[redis]\nurl = '{url}' '{url}'\n"),
    ];
    scenes.extend(toml.iter().map(|text| Scene::new().file(text)));
    scenes.push(Scene::new().variable("EVENT_BUS_REDIS_URL", &url));
    scenes.push(Scene::new().flag("--url", "url", &url));
    scenes.push(Scene::new().variable("REDIS_URL", &url).variable("REDIS_URL_FILE", "no/such/file"));
    scenes
}

#[test]
fn no_mistake_shows_a_password() {
    for scene in scenes() {
        let error = scene.refused();
        assert!(!format!("{error} {error:?} {error:#?}").contains(CANARY), "{error:?}");
    }
}

#[test]
fn nothing_that_is_printed_shows_a_password() {
    let url = format!("redis://ada:{CANARY}@db:6380/2?protocol=resp3");
    let secret = Scene::new();
    let path = secret.write("url", &url);
    let scenes = [
        secret.variable("REDIS_URL_FILE", &path),
        Scene::new().variable("REDIS_URL", &url),
        Scene::new().flag("--redis", "redis.url", &url),
        Scene::new().file(format!("[redis]\nurl = \"{url}\"\n")),
    ];
    for scene in scenes {
        let read = scene.read().unwrap();
        assert_eq!(read.redis.url, url);
        assert!(!format!("{read:?} {:?}", scene.environment()).contains(CANARY), "{read:?}");
        let told = read.told().iter().find(|told| told.setting.key == "redis.url").unwrap();
        assert_eq!(told.value.to_string(), "redis://db:6380/2");
        let mut said = sources(&scene.environment()).flag("--redis", "redis.url", Some(&url));
        let _redis: RedisConfig = said.part();
        assert!(!format!("{said:?}").contains(CANARY), "{said:?}");
    }
}

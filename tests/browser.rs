//! A person at headless Chromium, driven over WebDriver by Debian's chromedriver.

use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// How long anything on a page may take to come.
const LIMIT: Duration = Duration::from_secs(30);
/// Arguments that make Chromium run as root, without a screen, and talk to nobody but us.
const ARGUMENTS: [&str; 8] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
];
/// Keys as WebDriver spells them.
pub mod key {
    /// Forward to the next control.
    pub const TAB: &str = "\u{e004}";
    /// Presses what has the focus.
    pub const ENTER: &str = "\u{e007}";
    /// Ticks what has the focus.
    pub const SPACE: &str = " ";
}

/// A browser with a profile of its own; closed when dropped.
pub struct Browser {
    session: String,
    http: reqwest::Client,
    driver: Child,
    profile: PathBuf,
}

/// Starts chromedriver on a free port, which it says itself.
fn start_driver() -> (Child, String) {
    let mut command = Command::new("chromedriver");
    // A group of its own: an interrupted test run must not leave browsers behind that nobody ends.
    command
        .arg("--port=0")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .process_group(0);
    let mut driver = command.spawn().expect("chromedriver: scripts/setup test");
    let mut lines = BufReader::new(driver.stdout.take().unwrap()).lines();
    let port = lines.find_map(|line| {
        let line = line.ok()?;
        Some(line.split_once("started successfully on port ")?.1.trim_end_matches('.').to_owned())
    });
    // Nobody may close the other end of its output while it runs.
    std::thread::spawn(move || lines.for_each(drop));
    (driver, format!("http://127.0.0.1:{}", port.expect("chromedriver says its port")))
}

impl Browser {
    /// Opens a window of 1200 by 900 with an empty profile.
    pub async fn open() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name =
            format!("dealdesk-profile-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let profile = std::env::temp_dir().join(name);
        let (driver, url) = tokio::task::spawn_blocking(start_driver).await.unwrap();
        rustls::crypto::ring::default_provider().install_default().ok();
        let http = reqwest::Client::builder().timeout(2 * LIMIT).no_proxy().build().unwrap();
        let mut arguments = ARGUMENTS.map(str::to_owned).to_vec();
        arguments.extend([format!("--user-data-dir={}", profile.display()), "--window-size=1200,900".into()]);
        let wanted = json!({"capabilities": {"alwaysMatch": {
            "goog:chromeOptions": {"args": arguments},
            "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
        }}});
        let mut browser = Self { session: format!("{url}/session"), http, driver, profile };
        let opened = browser.post("", wanted).await;
        browser.session = format!("{url}/session/{}", opened["sessionId"].as_str().unwrap());
        // What the browser's own first page asks for is none of our business.
        browser.visit("about:blank").await;
        browser.requests().await;
        browser
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        let answer = self.http.post(format!("{}{path}", self.session)).json(&body).send().await.unwrap();
        let mut answer: Value = answer.json().await.unwrap();
        let value = answer["value"].take();
        let error = value.get("error").filter(|error| error.is_string());
        assert!(error.is_none(), "WebDriver {path} {body}: {}", value["message"]);
        value
    }

    /// Goes to an address and waits until the page is there.
    pub async fn visit(&self, url: &str) {
        self.post("/url", json!({ "url": url })).await;
    }

    /// What a script of the test returns on the page.
    pub async fn asks(&self, script: &str) -> Value {
        self.post("/execute/sync", json!({ "script": script, "args": [] })).await
    }

    /// Waits until a script of the test returns something true, and gives it.
    pub async fn awaits(&self, what: &str, script: &str) -> Value {
        let begun = Instant::now();
        loop {
            let found = self.asks(script).await;
            if !matches!(found, Value::Null | Value::Bool(false)) && found != json!("") && found != json!(0) {
                return found;
            }
            if begun.elapsed() > LIMIT {
                let shown = self.asks("return location.pathname + '\\n' + document.body.innerText").await;
                panic!("in vain: {what}; the page shows {}", shown.as_str().unwrap_or_default());
            }
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
    }

    /// Waits until the page shows these words.
    pub async fn sees(&self, words: &str) {
        let script = format!("return document.body && document.body.innerText.includes({})", json!(words));
        self.awaits(&format!("the words {words:?}"), &script).await;
    }

    /// Clicks where a person would: on the middle of a visible element, once it is there, scrolled to; refused by the
    /// driver when something else lies over it.
    pub async fn clicks(&self, css: &str, words: &str) {
        let script = format!(
            "const e = [...document.querySelectorAll({})].findLast(e => e.innerText.includes({}) && e.checkVisibility());
             if (e) e.scrollIntoView({{ block: 'center', behavior: 'instant' }}); return e",
            json!(css),
            json!(words)
        );
        let element = self.awaits(&format!("{css} saying {words:?}"), &script).await;
        let id = element.as_object().unwrap().values().next().unwrap().as_str().unwrap().to_owned();
        self.post(&format!("/element/{id}/click"), json!({})).await;
    }

    /// Types into whatever has the focus; keys of [`key`] too.
    pub async fn types(&self, text: &str) {
        let strokes = text
            .chars()
            .flat_map(|c| ["keyDown", "keyUp"].map(|kind| json!({ "type": kind, "value": c.to_string() })));
        let strokes: Vec<Value> = strokes.collect();
        let keyboard = json!({"actions": [{"type": "key", "id": "keyboard", "actions": strokes}]});
        self.post("/actions", keyboard).await;
    }

    /// Presses Tab until what a CSS selector and its words name has the focus. Whatever gets the focus on the way has
    /// to show it: controls by a ring, fields by their caret.
    pub async fn tabs_to(&self, css: &str, words: &str) {
        let is_there = format!(
            "const e = document.activeElement; return e.matches({}) && (e.innerText + e.value).includes({})",
            json!(css),
            json!(words)
        );
        let is_seen = "const e = document.activeElement, s = getComputedStyle(e);
            return e.matches('body, input[type=text]') || s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) > 0";
        for _ in 0..80 {
            if self.asks(&is_there).await == json!(true) {
                return;
            }
            self.types(key::TAB).await;
            let focused = "return document.activeElement.outerHTML.slice(0, 200)";
            assert_eq!(self.asks(is_seen).await, json!(true), "no ring: {}", self.asks(focused).await);
        }
        panic!("{css} saying {words:?} cannot be reached by Tab");
    }

    /// Makes the window a telephone's or a desk's, by day or by night.
    pub async fn becomes(&self, (width, height): (u32, u32), scheme: &str) {
        let size = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600});
        self.command("Emulation.setDeviceMetricsOverride", size).await;
        let features = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        self.command("Emulation.setEmulatedMedia", features).await;
    }

    async fn command(&self, name: &str, parameters: Value) -> Value {
        self.post("/goog/cdp/execute", json!({ "cmd": name, "params": parameters })).await
    }

    /// What the console of the browser complained about since it was last asked: script errors, refusals of the
    /// content security policy, missing files.
    pub async fn complaints(&self) -> Vec<String> {
        let entries = self.post("/se/log", json!({"type": "browser"})).await;
        let bad =
            entries.as_array().unwrap().iter().filter(|e| e["level"] != "INFO" && e["level"] != "DEBUG");
        bad.map(|entry| entry["message"].as_str().unwrap_or_default().to_owned()).collect()
    }

    /// Every address that was requested since it was last asked.
    pub async fn requests(&self) -> Vec<String> {
        let entries = self.post("/se/log", json!({"type": "performance"})).await;
        let messages = entries.as_array().unwrap().iter().filter_map(|entry| {
            let entry: Value = serde_json::from_str(entry["message"].as_str()?).ok()?;
            let message = &entry["message"];
            let is_sent = message["method"] == "Network.requestWillBeSent";
            is_sent.then(|| message["params"]["request"]["url"].as_str().unwrap_or_default().to_owned())
        });
        messages.collect()
    }

    /// Keeps a picture of the window in the folder that `DEALDESK_PICTURES` names, if it names one.
    pub async fn picture(&self, name: &str) {
        let Some(folder) = std::env::var_os("DEALDESK_PICTURES") else { return };
        let taken = self.command("Page.captureScreenshot", json!({"captureBeyondViewport": false})).await;
        let picture = STANDARD.decode(taken["data"].as_str().unwrap()).unwrap();
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(PathBuf::from(folder).join(format!("{name}.png")), picture).unwrap();
    }

    /// Closes the window in good order.
    pub async fn close(self) {
        self.http.delete(&self.session).send().await.ok();
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Chromium ends with its driver.
        self.driver.kill().ok();
        self.driver.wait().ok();
        std::fs::remove_dir_all(&self.profile).ok();
    }
}

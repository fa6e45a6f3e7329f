//! The console as people use it: in Chromium, against the running product.

use serde_json::json;
use tests::browser::{Browser, key};
use tests::conversation::is_quiet;
use tests::database::Database;
use tests::product::{Product, Setting};

const QUESTION: &str = "/deal find payment companies in Germany";
/// A telephone and a desk.
const SIZES: [(&str, (u32, u32)); 2] = [("narrow", (390, 844)), ("wide", (1200, 900))];

/// The link that was printed at the start.
pub(crate) fn printed_link(product: &Product) -> String {
    let log = product.log();
    let link = log.split_whitespace().find(|word| word.contains("/sign-in?token="));
    link.expect("a printed link").to_owned()
}

/// A product without any chat, as `make run` starts it.
pub(crate) async fn start(database: &Database) -> Product {
    Setting::on(database).with("SLACK_BOT_TOKEN", "").with("SLACK_SIGNING_SECRET", "").start().await
}

/// Opens a sign-in link and presses its one button.
pub(crate) async fn sign_in(browser: &Browser, link: &str) {
    browser.visit(link).await;
    browser.clicks("button", "Sign in").await;
    browser.awaits("the chat", "return location.pathname === '/' && !!document.querySelector('#text')").await;
}

/// Nothing went wrong in the browser, and everything it asked for came from us.
pub(crate) async fn all_is_ours(browser: &Browser, product: &Product) {
    assert_eq!(browser.complaints().await, [""; 0]);
    let requests = browser.requests().await;
    assert!(requests.len() > 5, "requests are seen: {requests:?}");
    let own = format!("{}/", product.url);
    let foreign: Vec<_> = requests.iter().filter(|url| !url.starts_with(&own)).collect();
    assert!(foreign.is_empty(), "asked for elsewhere: {foreign:?}");
}

/// Asks in the chat and gets partners to tick, without the page being loaded again.
async fn asks_and_gets_partners(browser: &Browser) {
    // Gone after a reload. And whatever the thread shows in between is noted.
    let watch = "window.seen = []; new MutationObserver(() => seen.push(thread.innerText))
                 .observe(thread, { childList: true, subtree: true, characterData: true })";
    browser.asks(watch).await;
    browser.asks("text.focus()").await;
    browser.types(QUESTION).await;
    browser.types(key::ENTER).await;
    let hits = "return document.querySelectorAll('#thread .hit input[name=chosen]').length";
    assert!(browser.awaits("partners to tick", hits).await.as_u64().unwrap() >= 2);
    let first = "return seen.findIndex(text => /On it|Working/.test(text))";
    let (begun, came) =
        (browser.asks(first).await, "return seen.findIndex(text => text.includes('Create deals'))");
    let came = browser.asks(came).await;
    assert!(begun.as_i64() >= Some(0), "progress is seen before the answer");
    assert!(came.as_i64() > begun.as_i64(), "the answer comes after the progress: {begun}, {came}");
}

/// Ticks just two partners of the answer, and asks for deals with them.
async fn proposes(browser: &Browser, from: usize) -> Vec<String> {
    let tick = format!(
        "for (const box of document.querySelectorAll('#thread input:checked')) box.click();
         return [...document.querySelectorAll('#thread .hit label')].slice({from}, {from} + 2).map(label => {{
            label.click(); return label.innerText.trim() }})"
    );
    let names = browser.asks(&tick).await;
    let names: Vec<_> =
        names.as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned()).collect();
    assert_eq!(names.len(), 2);
    browser.clicks("#thread button", "Create deals").await;
    names
}

/// What the last article of the chat with these words says.
pub(crate) async fn article(browser: &Browser, words: &str) -> String {
    let script = format!(
        "const found = [...document.querySelectorAll('#thread article')].findLast(a => a.innerText.includes({}));
         return found && found.innerText",
        json!(words)
    );
    browser.awaits(&format!("an article saying {words:?}"), &script).await.as_str().unwrap().to_owned()
}

/// Adds an approver on the page of people and gives her sign-in link.
pub(crate) async fn adds_approver(browser: &Browser, product: &Product, name: &str) -> String {
    browser.visit(&format!("{}/people", product.url)).await;
    browser.asks("document.querySelector('form.add [name=name]').focus()").await;
    browser.types(name).await;
    browser.asks("document.querySelector('form.add [name=role]').value = 'approver'").await;
    browser.clicks("form.add button", "Add").await;
    let link = "const field = document.querySelector('[data-select]'); return field && field.value";
    browser.awaits("her link", link).await.as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_story_in_two_browsers() {
    let database = Database::fresh().await;
    let (product, dana, lee) = tokio::join!(start(&database), Browser::open(), Browser::open());
    let link = printed_link(&product);
    sign_in(&dana, &link).await;
    lee.visit(&link).await;
    lee.clicks("button", "Sign in").await;
    lee.sees("This link does not work any more").await;
    let link = adds_approver(&dana, &product, "Lee Legal").await;
    sign_in(&lee, &link).await;

    dana.visit(&product.url).await;
    asks_and_gets_partners(&dana).await;
    dana.picture("answer").await;
    proposes(&dana, 0).await;
    article(&dana, "asks to create").await;
    dana.clicks("#thread button", "Approve").await;
    article(&dana, "This is your own request").await;
    dana.picture("own-request").await;

    lee.visit(&format!("{}/approvals", product.url)).await;
    lee.sees("Admin asked").await;
    lee.picture("approvals").await;
    lee.clicks("summary", "Reject").await;
    lee.asks("document.querySelector('details[open] textarea').focus()").await;
    lee.types("We know them too well.").await;
    lee.clicks("form.ask button", "Reject").await;
    lee.sees("by Lee Legal, just now: “We know them too well.”").await;
    let copy = article(&dana, "Rejected: start 2 deals").await;
    assert!(copy.contains("Rejected by Lee Legal") && copy.contains("We know them too well."), "{copy}");
    assert!(!copy.contains("Approve"), "{copy}");

    let names = proposes(&dana, 2).await;
    dana.awaits(
        "a second request",
        "return document.querySelectorAll('#thread [value^=approve]').length === 1",
    )
    .await;
    lee.visit(&format!("{}/approvals", product.url)).await;
    lee.clicks("main button", "Approve").await;
    lee.sees("Nothing waits for you").await;
    let copy = article(&dana, "Approved: start 2 deals").await;
    assert!(copy.contains("Approved by Lee Legal") && !copy.contains("Reject (with comment)"), "{copy}");
    article(&dana, "2 deals created").await;
    assert_eq!(dana.asks("return Array.isArray(window.seen)").await, json!(true), "nothing was loaded again");
    dana.picture("decided").await;

    dana.visit(&format!("{}/deals", product.url)).await;
    for name in &names {
        dana.sees(name).await;
    }
    dana.visit(&format!("{}/audit", product.url)).await;
    for action in ["person signed in", "person added", "approval decided", "deal started"] {
        dana.sees(action).await;
    }
    is_quiet(&database).await;
    all_is_ours(&lee, &product).await;
    lee.close().await;
    every_page_is_fit_to_read(&dana, &product).await;
    all_is_ours(&dana, &product).await;
    dana.close().await;
}

/// Every page on a telephone and at a desk, by day and by night: nothing sticks out, everything can be read.
async fn every_page_is_fit_to_read(browser: &Browser, product: &Product) {
    let mut pages: Vec<String> = [
        "/",
        "/approvals",
        "/partners",
        "/deals",
        "/plans",
        "/models",
        "/audit",
        "/connections",
        "/inbox",
        "/people",
        "/welcome",
    ]
    .map(str::to_owned)
    .to_vec();
    for list in ["/deals", "/plans"] {
        browser.visit(&format!("{}{list}", product.url)).await;
        let first =
            format!("return document.querySelector('main a[href^=\"{list}/\"]').getAttribute('href')");
        pages.push(browser.asks(&first).await.as_str().unwrap().to_owned());
    }
    let plan = pages.last().unwrap().clone();
    browser.visit(&format!("{}{plan}", product.url)).await;
    assert!(
        browser.asks("return document.querySelectorAll('ol.steps li.done').length").await.as_u64() > Some(0)
    );
    // The check of contrast is one.
    browser.asks("document.querySelector('h1').style.color = 'rgb(127 127 127 / 20%)'").await;
    assert_eq!(browser.asks(FAINT).await.as_array().map(Vec::len), Some(1));
    are_fit_to_read(browser, product, &pages).await;
}

/// Each of these pages in all sizes and both schemes.
pub(crate) async fn are_fit_to_read(browser: &Browser, product: &Product, pages: &[String]) {
    for (size, pixels) in SIZES {
        for scheme in ["light", "dark"] {
            browser.becomes(pixels, scheme).await;
            for page in pages {
                browser.visit(&format!("{}{page}", product.url)).await;
                let place = format!("{page} {size} {scheme}");
                let wide = "const e = document.documentElement; return [e.scrollWidth, innerWidth]";
                let wide = browser.asks(wide).await;
                assert!(wide[0].as_u64() <= Some(pixels.0.into()), "{place} scrolls sideways: {wide}");
                assert_eq!(wide[1], json!(pixels.0), "{place} is laid out for the window");
                assert_eq!(browser.asks(FAINT).await, json!([]), "{place}: hard to read");
                let is_night = browser.asks(NIGHT).await == json!(true);
                assert_eq!(is_night, scheme == "dark", "{place}");
                let name = page.trim_start_matches('/').split('/').next().unwrap();
                browser.picture(&format!("page-{name}-{}-{size}-{scheme}", page.len())).await;
            }
        }
    }
}

/// Whether the page is darker than grey.
const NIGHT: &str = "const c = document.createElement('canvas').getContext('2d');
    c.fillStyle = getComputedStyle(document.documentElement).backgroundColor; c.fillRect(0, 0, 1, 1);
    c.fillStyle = getComputedStyle(document.body).backgroundColor; c.fillRect(0, 0, 1, 1);
    const [r, g, b] = c.getImageData(0, 0, 1, 1).data; return r + g + b < 384";

/// Visible texts whose contrast with what they stand on is below what people with weak eyes need (WCAG AA).
const FAINT: &str = r"
    const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
    const linear = v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
    const light = d => 0.2126 * linear(d[0]) + 0.7152 * linear(d[1]) + 0.0722 * linear(d[2]);
    const paint = colour => { canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1); };
    const seen = () => light(canvas.getImageData(0, 0, 1, 1).data);
    const faint = [], walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walk.nextNode()) {
        const text = walk.currentNode.data.trim(), holder = walk.currentNode.parentElement;
        const style = getComputedStyle(holder), box = holder.getBoundingClientRect();
        if (!text || box.width < 2 || box.height < 2 || !holder.checkVisibility({ visibilityProperty: true })
            || holder.closest('datalist, .skip, [disabled], script, style')) continue;
        paint(matchMedia('(prefers-color-scheme: dark)').matches ? 'black' : 'white');
        const under = []; for (let e = holder; e; e = e.parentElement) under.unshift(e);
        for (const e of under) paint(getComputedStyle(e).backgroundColor);
        const below = seen(); paint(style.color);
        const [low, high] = [below, seen()].sort((a, b) => a - b), contrast = (high + 0.05) / (low + 0.05);
        const px = parseFloat(style.fontSize), is_large = px >= 24 || px >= 18.66 && style.fontWeight >= 700;
        if (contrast < (is_large ? 3 : 4.5)) faint.push(`${text.slice(0, 40)} ${contrast.toFixed(2)}`);
    }
    return faint";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_can_be_done_by_keyboard() {
    let database = Database::fresh().await;
    let (product, browser) = tokio::join!(start(&database), Browser::open());
    let (added, link) = product.run(&["people", "add", "Lee Legal", "--role", "approver"]);
    assert!(added, "{link}");
    browser.visit(&printed_link(&product)).await;
    browser.tabs_to("button", "Sign in").await;
    browser.types(key::ENTER).await;
    browser.sees("Hello, Admin").await;

    browser.tabs_to("#text", "").await;
    browser.types(&format!("{QUESTION}{}", key::ENTER)).await;
    article(&browser, "Create deals").await;
    for _ in 0..2 {
        browser.types(key::TAB).await;
        browser.tabs_to("#thread input[name=chosen]", "").await;
        browser.types(key::SPACE).await;
    }
    browser.tabs_to("#thread button", "Create deals").await;
    browser.types(key::ENTER).await;
    article(&browser, "asks to create").await;
    let focus = "return document.activeElement.closest('#thread article') !== null";
    assert_eq!(browser.asks(focus).await, json!(true), "the focus stays where it was");
    browser.tabs_to("#thread button", "Approve").await;
    browser.types(key::ENTER).await;
    article(&browser, "This is your own request").await;
    assert_eq!(browser.asks(focus).await, json!(true), "the focus stays when a message changes");
    browser.tabs_to("button", "Sign out").await;
    browser.types(key::ENTER).await;
    browser.awaits("being signed out", "return location.pathname === '/welcome'").await;

    browser.visit(link.trim()).await;
    browser.tabs_to("button", "Sign in").await;
    browser.types(key::ENTER).await;
    browser.sees("Hello, Lee Legal").await;
    browser.tabs_to("nav a", "Approvals").await;
    browser.types(key::ENTER).await;
    browser.sees("Admin asked").await;
    browser.tabs_to("main button", "Approve").await;
    browser.types(key::ENTER).await;
    browser.sees("Decided lately").await;
    browser.sees("Nothing waits for you").await;
    is_quiet(&database).await;
    all_is_ours(&browser, &product).await;
    browser.close().await;
}

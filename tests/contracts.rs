//! Contracts in the console as people use them: in Chromium, against the running product.

use serde_json::json;
use tests::browser::Browser;
use tests::conversation::is_quiet;
use tests::database::Database;
use tests::product::Product;

use crate::console::{adds_approver, all_is_ours, are_fit_to_read, article, printed_link, sign_in, start};

const TEXT: &str = "DISTRIBUTION AGREEMENT

This Distribution Agreement (the \"Agreement\") is made as of March 1, 2025 by and between Northwind Instruments Inc., \
a Delaware corporation (\"Supplier\"), and Harbour Trading LLC, a New York limited liability company (\"Distributor\").

1. Appointment. Supplier appoints Distributor as its exclusive distributor of the Products in the Territory.

2. Term. This Agreement commences on March 1, 2025 (the \"Effective Date\") and shall remain in force until \
February 28, 2030. Thereafter it shall automatically renew for successive terms of one (1) year unless either party \
gives written notice of non-renewal at least ninety (90) days before the end of the then current term.

3. Payment. Distributor shall pay each invoice within thirty (30) days after its receipt.

4. Assignment. Neither party may assign this Agreement without the prior written consent of the other party.

5. Liability. In no event shall the aggregate liability of either party under this Agreement exceed the fees paid in \
the twelve (12) months before the claim arose.

6. Insurance. Distributor shall maintain commercial general liability insurance of at least $2,000,000 per occurrence.

7. Governing Law. This Agreement shall be governed by and construed in accordance with the laws of the State of New \
York, without regard to its conflict of laws principles.
";

/// Puts a file into a field as a person's choice does.
async fn chooses(browser: &Browser, field: &str, (name, text): (&str, &str)) {
    let script = format!(
        "const files = new DataTransfer(); files.items.add(new File([{}], {}, {{ type: 'text/plain' }}));
         const field = document.querySelector({}); field.files = files.files;
         field.dispatchEvent(new Event('change', {{ bubbles: true }}))",
        json!(text),
        json!(name),
        json!(field)
    );
    browser.asks(&script).await;
}

/// The address of the report that the last card in the chat with these words leads to.
async fn report_of(browser: &Browser, words: &str) -> String {
    let script = format!(
        "const card = [...document.querySelectorAll('#thread article')].findLast(a => a.innerText.includes({}));
         const link = card && card.querySelector('a[href*=\"/contracts/\"]'); return link && link.href",
        json!(words)
    );
    browser.awaits(&format!("a report of {words:?}"), &script).await.as_str().unwrap().to_owned()
}

/// Every quote beside the text stands marked in the text, letter for letter, and leads there.
async fn every_quote_is_marked(browser: &Browser) {
    let odd = "return [...document.querySelectorAll('[data-quote]')].filter(link => {
        const n = link.dataset.quote;
        const marked = [...document.querySelectorAll(`mark[data-q~=\"${n}\"]`)].map(m => m.textContent).join('');
        return marked !== link.querySelector('q').textContent || !document.getElementById('q-' + n);
    }).map(link => link.textContent)";
    assert_eq!(browser.asks(odd).await, json!([]));
    let quotes = browser.asks("return document.querySelectorAll('[data-quote]').length").await;
    assert!(quotes.as_u64() >= Some(5), "{quotes} quotes");
    browser.clicks("#t-governing_law .quote", "").await;
    let lit = "const mark = document.querySelector('mark.lit'); if (!mark) return null;
        const box = mark.getBoundingClientRect(); return box.bottom > 0 && box.top < innerHeight && mark.textContent";
    let lit = browser.awaits("the quote in sight", lit).await;
    assert!(lit.as_str().unwrap().contains("New York") || lit.as_str().unwrap().contains("laws"), "{lit}");
}

/// Opens the form on a term, fills it in and sends it.
async fn corrects(browser: &Browser, term: &str, (value, quote): (&str, &str)) {
    let script = format!(
        "const form = document.querySelector('#t-{term} form.answer'); form.closest('details').open = true;
         form.elements.state.value = 'stated'; form.elements.value.value = {}; form.elements.quote.value = {}",
        json!(value),
        json!(quote)
    );
    browser.asks(&script).await;
    browser.clicks(&format!("#t-{term} form.answer button"), "Keep this").await;
}

async fn the_report_is_read_and_corrected(browser: &Browser, report: &str) {
    browser.visit(report).await;
    assert_eq!(browser.asks("return document.querySelectorAll('.term').length").await, json!(47));
    browser.sees("the built-in playbook").await;
    every_quote_is_marked(browser).await;
    browser.picture("contract-report").await;
    corrects(browser, "governing_law", ("Texas", "the laws of Texas")).await;
    browser.sees("does not stand in MSA.txt word for word").await;
    let said = "return document.querySelector('#t-governing_law').innerText";
    assert!(!browser.asks(said).await.as_str().unwrap().contains("said by"), "a refused word was kept");
    corrects(browser, "governing_law", ("Delaware", "laws of the State of New York")).await;
    let said = "const t = document.querySelector('#t-governing_law').innerText; return t.includes('said by Admin') && t";
    let said = browser.awaits("the person's word", said).await;
    assert!(said.as_str().unwrap().contains("Delaware"), "{said}");
    every_quote_is_marked(browser).await;
    browser.picture("contract-corrected").await;
}

/// Takes the oldest item of the queue and answers it there.
async fn a_review_is_answered(browser: &Browser, product: &Product) {
    browser.visit(&format!("{}/reviews", product.url)).await;
    let waiting = "return document.querySelectorAll('article.review').length";
    let before = browser.asks(waiting).await.as_u64().unwrap();
    assert!(before > 0, "a debug build reads the same: some terms wait");
    browser.picture("reviews").await;
    browser.clicks("article.review button", "Take it").await;
    browser.sees("Admin is on it").await;
    let fill = "const form = document.querySelector('article.review form.answer');
        form.closest('details').open = true; form.elements.state.value = 'absent'";
    browser.awaits("the page at rest", "return !document.querySelector('#sent[hx-get]')").await;
    browser.asks(fill).await;
    browser.asks("document.querySelector('article.review form.answer').requestSubmit()").await;
    let fewer = format!("return document.querySelectorAll('article.review').length === {}", before - 1);
    browser
        .awaits(
            "one item fewer",
            &format!("return location.pathname === '/reviews' && (() => {{ {fewer} }})()"),
        )
        .await;
}

async fn the_playbook_is_changed(browser: &Browser, product: &Product) {
    browser.visit(&format!("{}/playbook", product.url)).await;
    let fill = "const form = document.querySelector('#p-governing_law form.answer');
        form.closest('details').open = true; form.elements.preferred.value = 'The law of New York.';
        form.elements.note.value = 'Legal said so'";
    browser.asks(fill).await;
    browser.clicks("#p-governing_law form.answer button", "Keep as a new playbook").await;
    browser.sees("playbook 1, the newest").await;
    browser.sees("Legal said so").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_contract_from_the_chat_to_the_calendar() {
    let database = Database::fresh().await;
    let (product, dana, lee) = tokio::join!(start(&database), Browser::open(), Browser::open());
    sign_in(&dana, &printed_link(&product)).await;
    let link = adds_approver(&dana, &product, "Lee Legal").await;
    sign_in(&lee, &link).await;

    dana.visit(&product.url).await;
    dana.asks("window.stays = true").await;
    chooses(&dana, "#chat-file", ("MSA.txt", TEXT)).await;
    let report = report_of(&dana, "MSA.txt (version 1)").await;
    assert_eq!(dana.asks("return window.stays").await, json!(true), "nothing was loaded again");
    dana.picture("contract-card").await;
    the_report_is_read_and_corrected(&dana, &report).await;
    a_review_is_answered(&dana, &product).await;
    the_playbook_is_changed(&dana, &product).await;

    // The first version is not to be decided on any more: her own request is taken back.
    dana.visit(&format!("{}/approvals", product.url)).await;
    dana.clicks("main button", "Take it back").await;
    dana.awaits("nothing waiting", "return location.search && !document.querySelector('article.request')")
        .await;

    dana.visit(&format!("{}/contracts", product.url)).await;
    dana.sees("MSA.txt").await;
    chooses(&dana, "#file", ("MSA.txt", &TEXT.replace("thirty (30) days", "sixty (60) days"))).await;
    dana.clicks("form.drop button", "Read it").await;
    let second = report_of(&dana, "MSA.txt (version 2)").await;
    dana.visit(&second).await;
    dana.sees("held against playbook 1").await;
    // A person settles when it ends, which decides its place in the calendar.
    corrects(&dana, "expiration_date", ("2030-02-28", "until February 28, 2030")).await;
    dana.sees("said by Admin").await;
    dana.awaits("the page at rest", "return !document.querySelector('#sent[hx-get]')").await;
    dana.asks("document.querySelector('details.versions').open = true").await;
    dana.clicks("a[href*=\"/compare/\"]", "Compare").await;
    let changed = "return [...document.querySelectorAll('del, ins')].map(e => e.textContent).join(' ')";
    let changed = dana.awaits("what changed", changed).await;
    assert!(
        changed.as_str().unwrap().contains("thirty") && changed.as_str().unwrap().contains("sixty"),
        "{changed}"
    );
    assert_eq!(dana.asks("return document.querySelectorAll('.change').length").await, json!(1));
    let comparison = dana.asks("return location.pathname").await.as_str().unwrap().to_owned();
    dana.picture("contract-comparison").await;

    lee.visit(&format!("{}/approvals", product.url)).await;
    lee.sees("MSA.txt").await;
    lee.clicks("main button", "Approve").await;
    lee.sees("Decided lately").await;
    dana.visit(&product.url).await;
    article(&dana, "Accepted: MSA.txt").await;
    dana.visit(&format!("{}/renewals", product.url)).await;
    dana.sees("2030-02-28").await;
    is_quiet(&database).await;
    all_is_ours(&lee, &product).await;
    lee.close().await;

    let path = |url: &str| url.strip_prefix(&product.url).unwrap_or(url).to_owned();
    let mut pages = ["/contracts", "/reviews", "/renewals", "/playbook"].map(str::to_owned).to_vec();
    pages.extend([path(&report), path(&second), comparison]);
    are_fit_to_read(&dana, &product, &pages).await;
    all_is_ours(&dana, &product).await;
    dana.close().await;
}

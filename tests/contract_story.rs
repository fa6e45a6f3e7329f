//! Contracts over Slack: a file comes in, is read and judged, somebody decides, the deal moves; or the file is no good
//! and that is said in plain words.

use std::io::{Cursor, Write};

use tests::conversation::{Conversation, LIMIT, found};
use tests::database::eventually;
use world::slack::Message;

/// A contract of our own with a deal's company in it.
pub(crate) fn contract(partner: &str) -> Vec<u8> {
    format!(
        "RESELLER AGREEMENT\n\n\
         This Reseller Agreement (the \"Agreement\") is entered into as of March 1, 2026 (the \"Effective Date\") by and \
         between Nordlicht Software GmbH, a German company (\"Supplier\"), and {partner} (\"Reseller\").\n\n\
         1. Term. This Agreement commences on the Effective Date and continues for an initial term of two (2) years. It \
         shall automatically renew for successive periods of one (1) year unless either party gives written notice of \
         non-renewal at least ninety (90) days prior to the end of the then-current term.\n\n\
         2. Termination for Convenience. Either party may terminate this Agreement at any time without cause upon sixty \
         (60) days' prior written notice to the other party.\n\n\
         3. Training. Supplier shall train up to four engineers of Reseller in Hamburg at no charge in each year.\n\n\
         4. Limitation of Liability. IN NO EVENT SHALL EITHER PARTY'S AGGREGATE LIABILITY UNDER THIS AGREEMENT EXCEED THE \
         FEES PAID IN THE TWELVE (12) MONTHS PRECEDING THE CLAIM.\n\n\
         5. Governing Law. This Agreement shall be governed by and construed in accordance with the laws of the State of \
         New York, without regard to its conflict of laws principles.\n\n\
         IN WITNESS WHEREOF, the parties have executed this Agreement.\n"
    )
    .into_bytes()
}

/// A conversation with two deals; gives the name of the first.
async fn with_deals() -> (Conversation, String) {
    let talk = Conversation::begin().await;
    talk.knows(&["lee"]).await;
    let request = talk.proposes().await;
    talk.presses("lee", &request, "Approve").await;
    talk.sees("2 deals created").await;
    let mut owner = talk.database.owner().await;
    let name = sqlx::query_scalar("SELECT name FROM deals ORDER BY name LIMIT 1").fetch_one(&mut owner).await;
    (talk, name.unwrap())
}

/// Dana shares one file in private; it is acknowledged.
async fn shares(talk: &Conversation, text: &str, name: &str, bytes: Vec<u8>) {
    let sent = talk.slack.user("dana").shares(text, &[(name, bytes)]).await.unwrap();
    assert_eq!(sent.ack.status, 200, "{}", sent.ack.body);
}

/// Waits for what the app writes to somebody in private; refusals are for their eyes only there too.
async fn reads(talk: &Conversation, user: &str, words: &str) -> Message {
    let what = format!("{user} reading {words:?}");
    let read = talk.slack.wait_for(&what, LIMIT, |w| {
        let private = w.dms(user).into_iter().chain(w.ephemerals(user)).rev();
        private.filter(|m| m.user == w.setup.bot).find(|m| m.words().contains(words)).cloned()
    });
    found(read.await)
}

/// Waits for the request to accept a contract, as an approver has it.
async fn is_asked(talk: &Conversation, user: &str) -> Message {
    let what = format!("{user} being asked");
    let asked = talk.slack.wait_for(&what, LIMIT, |w| {
        let all = w.dms(user).into_iter().rev();
        all.filter(|m| m.words().contains("asks to accept this contract"))
            .find(|m| m.buttons().iter().any(|(_, label)| label == "Approve"))
            .cloned()
    });
    found(asked.await)
}

async fn stage(talk: &Conversation, deal: &str) -> String {
    let mut owner = talk.database.owner().await;
    sqlx::query_scalar("SELECT stage FROM deals WHERE name = $1")
        .bind(deal)
        .fetch_one(&mut owner)
        .await
        .unwrap()
}

#[tokio::test]
async fn a_file_is_read_somebody_else_approves_and_the_deal_moves() {
    let (talk, deal) = with_deals().await;
    let before = stage(&talk, &deal).await;
    shares(&talk, &format!("for {deal}"), "Reseller Agreement.txt", contract(&deal)).await;
    let card = reads(&talk, "dana", "Reseller Agreement.txt (version 1)").await.words();
    for part in ["Governing Law", "New York", "Parties", "2026-03-01", "Open report", deal.as_str()] {
        assert!(card.contains(part), "{part} is not on the card: {card}");
    }
    let request = is_asked(&talk, "lee").await;
    assert!(request.words().contains(&deal), "{}", request.words());
    assert_eq!(stage(&talk, &deal).await, before, "nothing moves before the decision");
    talk.presses("lee", &request, "Approve").await;
    reads(&talk, "dana", "Accepted: Reseller Agreement.txt").await;
    assert_ne!(stage(&talk, &deal).await, before);
    assert_eq!(talk.number("SELECT count(*) FROM acceptances").await, 1);
    let copy = talk.slack.current(&request).unwrap();
    assert!(
        copy.words().contains("Approved by Lee")
            && copy.buttons().iter().all(|(_, label)| label != "Approve")
    );
    let fetched = talk.slack.look(|w| w.files.iter().map(|file| file.fetched).collect::<Vec<_>>());
    assert_eq!(fetched, [1], "with the token, once");

    talk.types("dana", "/contract renewals").await;
    let renewals = talk.sees("Renewals").await.words();
    assert!(renewals.contains(&deal) && renewals.contains("2027-12-0"), "notice in time: {renewals}");
    talk.ends().await;
}

#[tokio::test]
async fn a_rejected_contract_leaves_the_deal_where_it_was() {
    let (talk, deal) = with_deals().await;
    let before = stage(&talk, &deal).await;
    shares(&talk, "", "Reseller Agreement.txt", contract(&deal)).await;
    let request = is_asked(&talk, "lee").await;
    assert!(request.words().contains(&deal), "the deal is found by the parties: {}", request.words());
    talk.presses("lee", &request, "Reject (with comment)").await;
    let form = found(talk.slack.wait_for("a form", LIMIT, |w| w.open_view("lee").cloned()).await);
    let blocks = form.view["blocks"].as_array().unwrap();
    let field = blocks.iter().find(|block| block["type"] == "input").unwrap()["block_id"].as_str().unwrap();
    talk.slack.user("lee").submits(&form, &[(field, "The cap is too low.")]).await.unwrap();
    let told = reads(&talk, "dana", "Not accepted: Reseller Agreement.txt").await.words();
    assert!(told.contains("The cap is too low."), "{told}");
    assert_eq!(stage(&talk, &deal).await, before);
    assert_eq!(talk.number("SELECT count(*) FROM acceptances").await, 0);
    talk.ends().await;
}

#[tokio::test]
async fn contracts_are_asked_listed_and_searched() {
    let (talk, deal) = with_deals().await;
    shares(&talk, &format!("for {deal}"), "Reseller Agreement.txt", contract(&deal)).await;
    let request = is_asked(&talk, "lee").await;
    talk.types("dana", &format!("/contract ask \"{deal}\" which law governs it?")).await;
    let law = talk.sees("governed by and construed").await.words();
    assert!(law.contains("New York") && law.contains("(page 1)"), "{law}");
    talk.types("dana", &format!("/contract ask \"{deal}\" how many engineers will be trained in Hamburg?"))
        .await;
    talk.sees("train up to four engineers").await;
    talk.types("dana", &format!("/contract ask \"{deal}\" is there a source code escrow?")).await;
    talk.sees("does not say").await;
    talk.types("dana", "/contract clauses engineers Hamburg").await;
    let clause = talk.sees("Clauses on").await.words();
    assert!(
        clause.contains("four engineers") && clause.contains(&deal) && clause.contains("page 1"),
        "{clause}"
    );
    talk.types("dana", "/contract clauses zeppelin").await;
    talk.sees("No clause in our contracts speaks of").await;
    talk.types("dana", "/contract list").await;
    talk.sees("1 contract").await;
    talk.types("dana", "/contract reviews").await;
    let reviews = talk.number("SELECT count(*) FROM review_items").await;
    talk.sees(if reviews == 0 { "No term waits" } else { "a person" }).await;
    talk.types("dana", "/contract renewals").await;
    talk.sees("No accepted contract states when it ends").await;
    talk.presses("lee", &request, "Approve").await;
    reads(&talk, "dana", "Accepted:").await;
    talk.ends().await;
}

#[tokio::test]
async fn who_comes_second_to_a_review_is_told_who_is_on_it() {
    let (talk, deal) = with_deals().await;
    shares(&talk, "", "Reseller Agreement.txt", contract(&deal)).await;
    is_asked(&talk, "lee").await;
    let mut owner = talk.database.owner().await;
    let made = sqlx::query_scalar(
        "INSERT INTO review_items (review_id, tenant_id, analysis_id, row, term, reason, confidence, opened_at, due_at)
         SELECT gen_random_uuid(), tenant_id, analysis_id, 0, 'audit_rights', 'to be taken', 0.5, now(), now()
         FROM analyses RETURNING review_id::text",
    );
    let item: String = made.fetch_one(&mut owner).await.unwrap();
    talk.types("dana", &format!("/contract reviews take {item}")).await;
    reads(&talk, "dana", "You are on it").await;
    talk.types("lee", &format!("/contract reviews take {item}")).await;
    let told = reads(&talk, "lee", "is on it already").await.words();
    assert!(told.starts_with("Dana"), "{told}");
    talk.types("dana", &format!("/contract reviews take {item}")).await;
    assert_eq!(talk.number("SELECT count(*) FROM review_items WHERE claimed_by IS NOT NULL").await, 1);
    approves(&talk, "lee", "Reseller Agreement.txt").await;
    reads(&talk, "dana", "Accepted:").await;
    talk.ends().await;
}

/// A reminder as the timer begins it, of the accepted contract.
const REMIND: &str = "WITH plan AS (
        INSERT INTO plans (plan_id, tenant_id, conversation_id, requester_id, intent, said, state)
        SELECT gen_random_uuid(), p.tenant_id, p.conversation_id, p.requester_id, $1::text::jsonb, '', 'running'
        FROM plans p JOIN acceptances a ON a.plan_id = p.plan_id RETURNING plan_id, tenant_id),
    step AS (
        INSERT INTO steps (step_id, tenant_id, plan_id, position, agent, action, input, after, pending, state, run_at)
        SELECT gen_random_uuid(), tenant_id, plan_id, 0, 'contract', 'remind_renewal', '{}', '{}', 0, 'queued', now()
        FROM plan)
    INSERT INTO reminders (tenant_id, version_id, notice_by, days_before, plan_id, reminded_at)
    SELECT tenant_id, a.version_id, '2027-12-01', 90, plan.plan_id, now() FROM plan JOIN acceptances a USING (tenant_id)";

#[tokio::test]
async fn a_notice_that_is_due_is_said_in_the_thread_and_looked_after_by_one() {
    let (talk, deal) = with_deals().await;
    shares(&talk, "", "Reseller Agreement.txt", contract(&deal)).await;
    approves(&talk, "lee", "Reseller Agreement.txt").await;
    reads(&talk, "dana", "Accepted:").await;
    let renewal = serde_json::json!({ "ends_on": "2028-02-29", "is_tacit": true, "notice_by": "2027-12-01", "renewed": 0 });
    let notice = serde_json::json!({ "document": "Reseller Agreement.txt", "deal": deal, "renewal": renewal, "by": "2027-12-01" });
    let intent = serde_json::json!({ "intent": "remind_renewal", "notice": notice });
    let mut owner = talk.database.owner().await;
    sqlx::query(REMIND).bind(intent.to_string()).execute(&mut owner).await.unwrap();
    let reminder = reads(&talk, "dana", "Notice is due by 2027-12-01").await;
    assert!(reminder.words().contains("renews by itself after 2028-02-29"), "{}", reminder.words());
    assert!(reminder.words().contains(&deal), "{}", reminder.words());
    talk.presses("dana", &reminder, "I look after it").await;
    reads(&talk, "dana", "Dana looks after the notice").await;
    talk.presses("dana", &reminder, "I look after it").await;
    reads(&talk, "dana", "You look after it already").await;
    assert_eq!(talk.number("SELECT count(*) FROM reminders WHERE acknowledged_by IS NOT NULL").await, 1);
    talk.ends().await;
}

#[tokio::test]
async fn files_that_are_no_good_are_answered_in_plain_words() {
    let talk = Conversation::begin().await;
    let mut program = b"MZ\x90\0\x03\0\0\0\x04\0\0\0\xff\xff\0\0".to_vec();
    program.resize(4096, 0);
    let locked = include_bytes!("files/locked-aes256.pdf").to_vec();
    let cases: [(&str, Vec<u8>, &str); 5] = [
        ("huge.pdf", vec![b' '; 26 * 1024 * 1024], "larger than the 25 MB"),
        ("empty.pdf", Vec::new(), "empty"),
        ("locked.pdf", locked, "locked with a password"),
        ("setup.pdf", program, "do not know this kind of file"),
        ("photo.png", photo(), "could not read a word in photo.png"),
    ];
    for (name, bytes, words) in cases {
        shares(&talk, "", name, bytes).await;
        reads(&talk, "dana", words).await;
    }
    let fetched = talk.slack.look(|w| w.files[0].fetched);
    assert_eq!(fetched, 0, "a file that says it is too large is not fetched");
    assert_eq!(talk.number("SELECT count(*) FROM documents").await, 0);
    assert_eq!(talk.number("SELECT count(*) FROM approvals").await, 0, "nobody is asked about nothing");
}

/// In which tables a word stands, as text or as bytes.
async fn tables_with(talk: &Conversation, word: &str) -> Vec<String> {
    let mut owner = talk.database.owner().await;
    let tables: Vec<String> =
        sqlx::query_scalar("SELECT tablename::text FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
            .fetch_all(&mut owner)
            .await
            .unwrap();
    let bytes: String = word.bytes().map(|byte| format!("{byte:02x}")).collect();
    let mut found = Vec::new();
    for table in tables {
        let sql = format!(r#"SELECT count(*) FROM "{table}" t WHERE t::text LIKE $1 OR t::text LIKE $2"#);
        let count: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(sql))
            .bind(format!("%{word}%"))
            .bind(format!("%{bytes}%"))
            .fetch_one(&mut owner)
            .await
            .unwrap();
        if count > 0 {
            found.push(table);
        }
    }
    found
}

#[tokio::test]
async fn a_locked_file_is_opened_with_its_password_which_is_forgotten() {
    let talk = Conversation::begin().await;
    let locked = include_bytes!("files/locked-aes256.pdf").to_vec();
    talk.slack.user("dana").dm("unlock Pflaume-7").await.unwrap();
    reads(&talk, "dana", "I know of no locked file here").await;
    shares(&talk, "", "locked.pdf", locked).await;
    let asked = reads(&talk, "dana", "This file is locked with a password").await;
    talk.slack.user("dana").replies("unlock Birne-8", &asked, false).await.unwrap();
    let asked = reads(&talk, "dana", "does not open the file").await;
    assert_eq!(talk.number("SELECT count(*) FROM documents").await, 0);
    talk.slack.user("dana").replies("Password: geheim", &asked, false).await.unwrap();
    reads(&talk, "dana", "Accept locked.pdf (version 1)?").await;
    assert_eq!(talk.number("SELECT count(*) FROM documents").await, 1);
    for word in ["Pflaume-7", "Birne-8", "geheim"] {
        assert_eq!(tables_with(&talk, word).await, Vec::<String>::new(), "{word} is still kept");
    }
}

/// Waits for the request about one document, as an approver has it, and approves it.
async fn approves(talk: &Conversation, user: &str, document: &str) {
    let what = format!("{user} being asked about {document}");
    let asked = talk.slack.wait_for(&what, LIMIT, |w| {
        let all = w.dms(user).into_iter().rev();
        all.filter(|m| m.words().contains("asks to accept this contract") && m.words().contains(document))
            .find(|m| m.buttons().iter().any(|(_, label)| label == "Approve"))
            .cloned()
    });
    talk.presses(user, &found(asked.await), "Approve").await;
}

#[tokio::test]
async fn every_file_of_a_message_is_read_and_decided_by_itself() {
    let (talk, deal) = with_deals().await;
    let files = [
        ("Reseller Agreement.txt", contract(&deal)),
        ("Zanzibar Agreement.txt", contract("Zanzibar Paper Mills Ltd")),
        ("empty.txt", Vec::new()),
    ];
    let sent = talk.slack.user("dana").shares("", &files).await.unwrap();
    assert_eq!(sent.ack.status, 200, "{}", sent.ack.body);
    for words in ["Reseller Agreement.txt (version 1)", "Zanzibar Agreement.txt (version 1)", "empty"] {
        reads(&talk, "dana", words).await;
    }
    let fetched = talk.slack.look(|w| w.files.iter().map(|file| file.fetched).collect::<Vec<_>>());
    assert_eq!(fetched, [1, 1, 1], "each once");
    for name in ["Reseller Agreement.txt", "Zanzibar Agreement.txt"] {
        approves(&talk, "lee", name).await;
        reads(&talk, "dana", &format!("Accepted: {name}")).await;
    }
    assert_eq!(talk.number("SELECT count(*) FROM documents").await, 2);
    assert_eq!(
        talk.number("SELECT count(*) FROM plans WHERE intent->>'intent' = 'analyze_contract'").await,
        3
    );
    talk.ends().await;
}

#[tokio::test]
async fn nothing_is_fetched_for_a_guest() {
    let talk = Conversation::begin().await;
    let sent = talk.slack.user("gus").shares("", &[("msa.txt", contract("Acme"))]).await.unwrap();
    assert_eq!(sent.ack.status, 200);
    talk.types("dana", "/deal help").await;
    talk.is_told("dana", "What you can say").await;
    assert_eq!(talk.slack.look(|w| w.files[0].fetched), 0);
    assert_eq!(talk.number("SELECT count(*) FROM documents").await, 0);
    talk.ends().await;
}

#[tokio::test]
async fn a_program_sends_a_contract_and_reads_its_terms() {
    let (talk, deal) = with_deals().await;
    let (made, told) = talk.product.run(&["people", "token", "dana@acme.example"]);
    assert!(made, "{told}");
    let token = told.split_whitespace().find(|word| word.starts_with("dd_")).unwrap().to_owned();
    let client = tests::product::client();
    let at = |path: &str| format!("{}/v1/{path}", talk.product.url);
    let mut form = format!(
        "--x\r\nContent-Disposition: form-data; name=\"deal\"\r\n\r\n{deal}\r\n--x\r\nContent-Disposition: form-data; \
         name=\"file\"; filename=\"MSA.docx\"\r\n\r\n"
    )
    .into_bytes();
    form.extend(word_document(&String::from_utf8(contract(&deal)).unwrap()));
    form.extend(b"\r\n--x--\r\n");
    let sent = client
        .post(at("analyze-contract"))
        .bearer_auth(&token)
        .header("content-type", "multipart/form-data; boundary=x")
        .body(form)
        .send()
        .await
        .unwrap();
    assert_eq!(sent.status(), 202);
    let plan: serde_json::Value = serde_json::from_str(&sent.text().await.unwrap()).unwrap();
    let plan = format!("plans/{}", plan["plan"].as_str().unwrap());
    let read = async |path: &str| -> serde_json::Value {
        let answer = client.get(at(path)).bearer_auth(&token).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        serde_json::from_str(&answer.text().await.unwrap()).unwrap()
    };
    eventually("the request to accept it", async || {
        let seen = read(&plan).await;
        assert!(seen["state"] != "failed" && seen["state"] != "done", "{seen}");
        seen["state"] == "waiting"
    })
    .await;
    let listed = read("contracts").await;
    assert_eq!(listed["contracts"][0]["name"], "MSA.docx");
    assert_eq!(listed["contracts"][0]["deal_name"], deal);
    let report = read(&format!("contracts/{}", listed["contracts"][0]["version"].as_str().unwrap())).await;
    let law =
        report["terms"].as_array().unwrap().iter().find(|term| term["term"] == "governing_law").unwrap();
    assert_eq!(law["state"], "stated", "{law}");
    assert!(law["quote"]["text"].as_str().unwrap().contains("New York"), "{law}");
    let findings = report["findings"].as_array().unwrap();
    assert!(
        findings.iter().any(|finding| finding["verdict"] == "yellow" || finding["verdict"] == "red"),
        "{report}"
    );
    let path = format!("contracts/{}/redline", report["version"].as_str().unwrap());
    let redline = client.get(at(&path)).bearer_auth(&token).send().await.unwrap();
    assert_eq!(redline.status(), 200, "{}", redline.text().await.unwrap());
    let marked = part(&redline.bytes().await.unwrap(), "word/document.xml");
    assert!(marked.contains("<w:ins ") && marked.contains("<w:del "), "{marked}");
    let asked = read("approvals").await;
    assert_eq!(asked["approvals"][0]["subject"], "accept_contract", "{asked}");
    talk.types("lee", &format!("/deal approve {}", asked["approvals"][0]["id"].as_str().unwrap())).await;
    eventually("the end of the plan", async || read(&plan).await["state"] == "done").await;
    assert_eq!(talk.number("SELECT count(*) FROM acceptances").await, 1);
    talk.ends().await;
}

#[tokio::test]
async fn the_redline_comes_as_a_file_in_the_thread_once() {
    let (talk, deal) = with_deals().await;
    let document = word_document(&String::from_utf8(contract(&deal)).unwrap());
    shares(&talk, "", "MSA.docx", document).await;
    let card = reads(&talk, "dana", "Open report").await;
    // The bytes go astray at first, then the answer to where they belong does.
    talk.slack.fails("upload", world::slack::Fault::Status(503), 1);
    talk.slack.fails("files.completeUploadExternal", world::slack::Fault::StatusAfter(500), 1);
    talk.presses("dana", &card, "Send redline").await;
    let told = reads(&talk, "dana", "as tracked changes").await;
    let sent = talk.slack.wait_for("the file", LIMIT, |w| {
        let with_files = w.messages.iter().find(|m| !m.files.is_empty()).cloned();
        with_files.zip(w.uploads.iter().rfind(|file| !file.bytes.is_empty()).cloned())
    });
    let (message, file) = found(sent.await);
    assert_eq!(file.name, "MSA redline.docx");
    let marked = part(&file.bytes, "word/document.xml");
    assert!(marked.contains("<w:ins ") && marked.contains("<w:del "), "{marked}");
    let thread = told.thread.clone().unwrap_or(told.ts.clone());
    assert_eq!((message.room, message.thread), (told.room, Some(thread)));
    talk.presses("lee", &is_asked(&talk, "lee").await, "Approve").await;
    reads(&talk, "dana", "accepted").await;
    talk.ends().await;
    let files = talk.slack.look(|w| w.messages.iter().filter(|m| !m.files.is_empty()).count());
    assert_eq!(files, 1, "sent once");
    assert_eq!(
        talk.slack.look(|w| w.from_bot().filter(|m| m.words().contains("as tracked changes")).count()),
        1
    );
    talk.types("dana", "/deal redline Nobody").await;
    talk.is_told("dana", "Nobody").await;
}

/// A Word document with these paragraphs.
pub(crate) fn word_document(text: &str) -> Vec<u8> {
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;");
    let paragraphs: String = escaped
        .split("\n\n")
        .map(|paragraph| {
            format!("<w:p><w:r><w:t xml:space=\"preserve\">{}</w:t></w:r></w:p>", paragraph.trim())
        })
        .collect();
    let parts = [
        (
            "[Content_Types].xml",
            "<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\"><Default Extension=\"rels\" \
             ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/><Override \
             PartName=\"/word/document.xml\" ContentType=\"application/vnd.openxmlformats-officedocument.\
             wordprocessingml.document.main+xml\"/></Types>"
                .to_owned(),
        ),
        (
            "_rels/.rels",
            "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\"><Relationship \
             Id=\"rId1\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument\" \
             Target=\"word/document.xml\"/></Relationships>"
                .to_owned(),
        ),
        (
            "word/document.xml",
            format!(
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?><w:document \
                 xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\"><w:body>{paragraphs}\
                 </w:body></w:document>"
            ),
        ),
    ];
    let mut file = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, body) in parts {
        file.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        file.write_all(body.as_bytes()).unwrap();
    }
    file.finish().unwrap().into_inner()
}

/// A part of a Word document, as text.
fn part(docx: &[u8], name: &str) -> String {
    let mut file = zip::ZipArchive::new(Cursor::new(docx)).unwrap();
    std::io::read_to_string(file.by_name(name).unwrap()).unwrap()
}

/// A picture without words: 64 by 64 grey dots that grow darker.
fn photo() -> Vec<u8> {
    let mut rows = Vec::new();
    for y in 0..64_u8 {
        rows.push(0);
        rows.extend((0..64_u8).map(|x| 255 - x - y));
    }
    // Stored, not packed: one block of at most 65,535 bytes.
    let size = u16::try_from(rows.len()).unwrap();
    let mut packed = vec![0x78, 0x01, 0x01];
    packed.extend(size.to_le_bytes());
    packed.extend((!size).to_le_bytes());
    packed.extend(&rows);
    let (a, b) = rows.iter().fold((1_u32, 0_u32), |(a, b), byte| {
        let a = (a + u32::from(*byte)) % 65_521;
        (a, (b + a) % 65_521)
    });
    packed.extend(((b << 16) | a).to_be_bytes());
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    let head = [0, 0, 0, 64, 0, 0, 0, 64, 8, 0, 0, 0, 0];
    for (kind, body) in [(b"IHDR", &head[..]), (b"IDAT", &packed), (b"IEND", &[])] {
        png.extend(u32::try_from(body.len()).unwrap().to_be_bytes());
        let part = [&kind[..], body].concat();
        let sum = part.iter().fold(u32::MAX, |sum, byte| {
            (0..8).fold(sum ^ u32::from(*byte), |sum, _| {
                if sum & 1 == 1 { (sum >> 1) ^ 0xEDB8_8320 } else { sum >> 1 }
            })
        });
        png.extend(&part);
        png.extend((!sum).to_be_bytes());
    }
    png
}

//! Mails made to do harm: each has a stated outcome.

use channels::email::structure::{BYTES_MAX, DEPTH_MAX};
use channels::email::{self, Kind, Mail, Reading, html, kind};

fn read(raw: &[u8]) -> Mail<'_> {
    email::read(raw, &Reading::default())
}

/// The trouble of a mail that must not have been read.
fn trouble(raw: &[u8]) -> String {
    let mail = read(raw);
    assert_eq!(mail.kind, Kind::Unparsable);
    mail.trouble.unwrap()
}

fn multipart(parts: &str) -> Vec<u8> {
    format!(
        "From: a@b.example\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=x\n\n{parts}--x--\n"
    )
    .into_bytes()
}

#[test]
fn a_mail_over_fifty_megabytes_is_kept_unread() {
    let mut raw = b"From: a@b.example\n\n".to_vec();
    raw.resize(BYTES_MAX + 1, b'x');
    assert_eq!(trouble(&raw), "it is larger than 50 MB");
}

#[test]
fn a_large_file_comes_out_whole() {
    let data = "QUJD".repeat(2_000_000);
    let parts = format!(
        "--x\nContent-Type: application/pdf; name=a.pdf\nContent-Transfer-Encoding: base64\n\n{data}\n"
    );
    let raw = multipart(&parts);
    let mail = read(&raw);
    assert_eq!(mail.kind, Kind::Message);
    assert_eq!(mail.attachments[0].data.len(), 6_000_000);
}

#[test]
fn ten_thousand_parts_are_kept_unread() {
    assert_eq!(
        trouble(&multipart(&"--x\nContent-Type: text/plain\n\na\n".repeat(10_000))),
        "it has more than 2,000 parts"
    );
    assert_eq!(trouble(&multipart(&"--x\n\na\n".repeat(10_001))), "it has more than 2,000 parts");
    assert_eq!(read(&multipart(&"--x\nContent-Type: text/plain\n\na\n".repeat(500))).kind, Kind::Message);
}

/// Multiparts in multiparts.
fn nested(depth: usize) -> Vec<u8> {
    let mut raw = "From: a@b.example\n".to_owned();
    for level in 0..depth {
        raw.push_str(&format!("Content-Type: multipart/mixed; boundary=\"b{level}_\"\n\n--b{level}_\n"));
    }
    raw.push_str("Content-Type: text/plain\n\ninnermost\n");
    raw.into_bytes()
}

/// Mails in mails.
fn enclosed(depth: usize) -> Vec<u8> {
    let mut raw = "From: a@b.example\n".to_owned();
    raw.push_str(&"Content-Type: message/rfc822\n\n".repeat(depth));
    raw.push_str("Subject: innermost\n\nx\n");
    raw.into_bytes()
}

#[test]
fn nesting_is_read_to_a_hundred_and_no_deeper() {
    for depth in [10, DEPTH_MAX - 1] {
        assert_eq!(read(&nested(depth)).kind, Kind::Message, "{depth}");
        assert_eq!(read(&enclosed(depth)).kind, Kind::Message, "{depth}");
    }
    for depth in [DEPTH_MAX + 1, 1_500] {
        assert_eq!(trouble(&nested(depth)), "its parts are nested more than 100 deep", "{depth}");
        assert_eq!(trouble(&enclosed(depth)), "its parts are nested more than 100 deep", "{depth}");
    }
    assert_eq!(trouble(&enclosed(500_000)), "it has more than 2,000 parts");
}

#[test]
fn depth_that_hides_in_an_encoded_mail_is_found() {
    use base64::Engine as _;
    let inner = base64::engine::general_purpose::STANDARD.encode(enclosed(1_500));
    let raw = format!(
        "From: a@b.example\nContent-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n{inner}"
    );
    assert_eq!(trouble(raw.as_bytes()), "its parts are nested more than 100 deep");
}

#[test]
fn nuls_and_broken_charsets_leave_readable_text() {
    let raw = b"From: a@b.example\nSubject: x\0y\nContent-Type: text/plain; charset=no-such\n\nPri\0ce \xff\xfe 5\n";
    let mail = read(raw);
    assert_eq!(mail.kind, Kind::Message);
    assert!(!mail.text.contains('\0') && mail.text.contains("Price"), "{:?}", mail.text);
    assert_eq!(mail.head.subject, "x y");
    let raw = b"From: a@b.example\nContent-Type: text/plain; charset=utf-8\n\ncaf\xe9 au lait\n";
    assert!(read(raw).text.contains("au lait"));
}

#[test]
fn fields_smuggled_into_values_stay_values() {
    let raw = b"From: =?utf-8?Q?Ann=0D=0ABcc:_eve@evil.example?= <ann@a.example>\n\
        Subject: =?utf-8?Q?Hello=0D=0AX-Dealdesk:_own?=\nMessage-ID: <a\r\n b@c>\n\nhi\n";
    let mail = read(raw);
    assert_eq!(mail.kind, Kind::Message, "no field of ours was smuggled in");
    assert_eq!(mail.head.from.len(), 1);
    assert_eq!(mail.head.from[0].address, "ann@a.example");
    let values = [&mail.head.subject, mail.head.from[0].name.as_ref().unwrap()];
    assert!(values.iter().all(|value| !value.contains(['\r', '\n'])), "{values:?}");
    assert!(mail.thread.iter().all(|key| !key.to_string().contains(['\r', '\n'])));
}

#[test]
fn names_of_files_lead_nowhere() {
    for (written, kept) in [
        ("../../etc/passwd", "passwd"),
        ("C:\\\\Windows\\\\evil.exe", "evil.exe"),
        (".htaccess", "htaccess"),
        ("/", "attachment.pdf"),
        ("invoice\u{202e}fdp.exe", "invoicefdp.exe"),
    ] {
        let parts = format!(
            "--x\nContent-Type: application/pdf\nContent-Disposition: attachment; filename=\"{written}\"\n\nx\n"
        );
        let raw = multipart(&parts);
        assert_eq!(read(&raw).attachments[0].name, kept, "{written}");
    }
}

#[test]
fn html_is_shown_without_what_acts_or_loads() {
    let shown = html::sanitised(
        "<p onclick=x()>Hi <b>Ann</b></p><script>x()</script><img src=http://t.example/p.gif><iframe src=//e></iframe>\
         <a href='javascript:x()'>a</a><a href='https://ok.example'>b</a><style>p{background:url(//e)}</style>\
         <form action=//e><input name=p></form><svg onload=x()><div style='background:url(//e)'>c</div>",
    );
    for bad in ["onclick", "script", "<img", "iframe", "style", "form", "input", "svg", "url(", "t.example"] {
        assert!(!shown.contains(bad), "{bad} in {shown}");
    }
    assert!(shown.contains("<b>Ann</b>") && shown.contains("https://ok.example"), "{shown}");
}

#[test]
fn long_lines_and_open_tags_take_no_time_worth_telling() {
    let start = std::time::Instant::now();
    for text in [
        "<",
        "<a ",
        "<!--",
        "&",
        "<blockquote>",
        "<script>",
        "<p x=\"",
        "> ",
        "On 1 May\n",
        "--\n",
        "a@b <\n",
    ] {
        let body = text.repeat(200_000 / text.len());
        let raw = format!("From: a@b.example\nContent-Type: text/html\n\n{body}");
        let _ = read(raw.as_bytes());
        let raw = format!("From: a@b.example\n\n{body}");
        let _ = read(raw.as_bytes());
    }
    // No timed test: what grows with the square would take minutes here.
    assert!(start.elapsed().as_secs() < 60);
}

#[test]
fn our_own_mail_and_automatic_ones_are_never_answered() {
    let reading = Reading { inboxes: vec!["deals@us.example".into()], own: vec!["deals@us.example".into()] };
    let sort = |fields: &str| {
        let raw = format!("{fields}\nSubject: x\n\nHello\n");
        let mail = email::read(raw.as_bytes(), &reading);
        (mail.kind, kind::may_answer(mail.kind, &mail.head))
    };
    assert_eq!(sort("From: ann@a.example"), (Kind::Message, true));
    assert_eq!(sort("From: Deals <deals@us.example>"), (Kind::Own, false));
    assert_eq!(sort("From: deals+w7k2@us.example"), (Kind::Own, false));
    assert_eq!(sort("From: ann@a.example\nX-Dealdesk: 1"), (Kind::Own, false));
    assert_eq!(sort("From: ann@a.example\nAuto-Submitted: auto-replied"), (Kind::AutoReply, false));
    assert_eq!(sort("From: ann@a.example\nList-Id: <l.example>"), (Kind::List, false));
    assert_eq!(sort("From: noreply@a.example"), (Kind::Message, false));
    assert!(!sort("From: ann@a.example\nReturn-Path: <>").1);
}

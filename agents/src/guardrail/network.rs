//! E-mail addresses, web addresses, IP addresses and hardware addresses.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::checksum::{Digits, number};
use super::context::{is_before, is_near};
use super::finding::Reading;
use super::skeleton::LETTER;

/// Top-level names believed without a scheme; country codes that are English words are left out.
const TOP_LEVELS: &str = " com org net edu gov mil int io ai app dev co biz info name pro tech online site store shop xyz cloud \
    agency media news blog live world today digital group company solutions systems services email eu uk us ca au de fr es \
    pt nl ch se dk fi ie pl cz sk hu ro bg gr tr ru ua jp cn kr hk tw sg th ph vn id in il ae sa za ng ke eg ma br mx ar cl \
    pe ve ec uy nz lu li cy mt hr si ba mk al ee lv lt ge az kz pk bd lk np ir iq jo kw qa om bh ws tv cc gg ly me vlaanderen ";

fn is_host_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.')
}

fn is_local_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b".!#$%&'*+/=?^_`{|}~-".contains(&byte)
}

/// Reads the e-mail address around an `@`.
pub(super) fn read_email(bytes: &[u8], at: usize, found: &mut Vec<Reading>) {
    let mut start = at;
    while start > 0 && at - start < 64 && is_local_byte(bytes[start - 1]) {
        start -= 1;
    }
    // Quotes, slashes and equals signs before the name belong to the surrounding text.
    let local = &bytes[start..at];
    if let Some(cut) = local.iter().rposition(|b| b"/='`{|?&*!#".contains(b)) {
        start += cut + 1;
    }
    while start < at && !bytes[start].is_ascii_alphanumeric() && bytes[start] != b'_' {
        start += 1;
    }
    let Some(end) = host_end(bytes, at + 1) else { return };
    if start == at || bytes[at - 1] == b'.' {
        return;
    }
    found.push(Reading::personal(
        "EMAIL_ADDRESS",
        start,
        end,
        1.0,
        "name, host and top-level name have the right form",
    ));
}

/// End of a host name with a plausible top-level name that begins at `start`.
fn host_end(bytes: &[u8], start: usize) -> Option<usize> {
    let run = bytes[start..].iter().take(253).take_while(|b| is_host_byte(**b)).count();
    let mut end = start + run;
    while end > start && !bytes[end - 1].is_ascii_alphanumeric() {
        end -= 1;
    }
    let host = &bytes[start..end];
    let top = host.rsplit(|b| *b == b'.').next()?;
    let is_top = top.len() >= 2
        && (top.iter().all(u8::is_ascii_alphabetic) || top.to_ascii_lowercase().starts_with(b"xn--"));
    let is_clean = host.split(|b| *b == b'.').all(|label| !label.is_empty() && label[0] != b'-');
    (host.contains(&b'.') && is_top && is_clean && top.len() <= 63).then_some(end)
}

/// Reads a web address whose `://` stands at `colon`.
pub(super) fn read_url(bytes: &[u8], colon: usize, found: &mut Vec<Reading>) {
    let mut start = colon;
    while start > 0
        && colon - start < 12
        && (bytes[start - 1].is_ascii_alphanumeric() || b"+.-".contains(&bytes[start - 1]))
    {
        start -= 1;
    }
    let scheme = bytes[start..colon].to_ascii_lowercase();
    let name = scheme.rsplit(|b| !b.is_ascii_alphanumeric()).next().unwrap_or_default();
    if !matches!(name, b"http" | b"https" | b"ftp" | b"ftps" | b"ws" | b"wss" | b"sftp" | b"ssh" | b"git") {
        return;
    }
    let authority = colon + 3;
    let end = url_end(bytes, authority);
    let host = &bytes[authority..end];
    let host = &host[..host.iter().position(|b| b"/?#".contains(b)).unwrap_or(host.len())];
    let after_user = host.iter().rposition(|b| *b == b'@').map_or(0, |i| i + 1);
    let host_start = authority + after_user;
    let is_host = host_end(bytes, host_start).is_some() || is_address(&bytes[host_start..end]);
    if is_host {
        found.push(Reading::personal(
            "URL",
            colon - name.len(),
            end,
            0.9,
            "scheme and host have the right form",
        ));
    }
}

fn is_address(bytes: &[u8]) -> bool {
    let text: Vec<u8> = bytes.iter().take_while(|b| b.is_ascii_digit() || **b == b'.').copied().collect();
    std::str::from_utf8(&text).is_ok_and(|t| t.parse::<Ipv4Addr>().is_ok())
}

fn url_end(bytes: &[u8], start: usize) -> usize {
    let stops = |b: u8| b <= b' ' || b"\"<>`{}|\\^".contains(&b) || b > LETTER;
    let mut end = start + bytes[start..].iter().take(2_048).take_while(|b| !stops(**b)).count();
    let opened = bytes[start..end].contains(&b'(');
    while end > start && (b".,;:!?'*]".contains(&bytes[end - 1]) || (bytes[end - 1] == b')' && !opened)) {
        end -= 1;
    }
    end
}

/// Reads a bare host name (`www.example.com`, `example.co.uk/path`) one of whose dots stands at `dot`.
pub(super) fn read_domain(bytes: &[u8], dot: usize, found: &mut Vec<Reading>) {
    let mut start = dot;
    while start > 0 && dot - start < 128 && is_host_byte(bytes[start - 1]) {
        start -= 1;
    }
    if bytes[start..dot].contains(&b'.')
        || start > 0 && b"@/_=:%".contains(&bytes[start - 1]) && !is_label(bytes, start)
    {
        return;
    }
    let Some(end) = host_end(bytes, start) else { return };
    let host = &bytes[start..end];
    let next = bytes.get(end).copied().unwrap_or(b' ');
    if next == b'@' || next == b'_' || next == b'(' || next == LETTER {
        return;
    }
    let top = host.rsplit(|b| *b == b'.').next().unwrap_or_default();
    let is_www = host.len() > 4 && host[..4].eq_ignore_ascii_case(b"www.");
    let labels = host.split(|b| *b == b'.').count();
    if is_www && labels < 3 {
        return;
    }
    let is_one_case = top.iter().all(u8::is_ascii_lowercase) || host.iter().all(|b| !b.is_ascii_lowercase());
    if !is_www && !(is_one_case && is_top_level(top)) {
        return;
    }
    let end = if next == b'/' { url_end(bytes, end) } else { end };
    let score = if is_www || next == b'/' { 0.85 } else { 0.6 };
    found.push(Reading::personal("URL", start, end, score, "host and top-level name exist"));
}

/// `name:host` with a letter before the colon, as in `site:example.com`.
fn is_label(bytes: &[u8], start: usize) -> bool {
    matches!(bytes[start - 1], b':' | b'=') && bytes.get(start).is_some_and(u8::is_ascii_alphabetic)
}

fn is_top_level(top: &[u8]) -> bool {
    let mut padded = Vec::with_capacity(top.len() + 2);
    padded.push(b' ');
    padded.extend(top.iter().map(u8::to_ascii_lowercase));
    padded.push(b' ');
    TOP_LEVELS.as_bytes().windows(padded.len()).any(|window| window == padded)
}

/// Reads an IPv4 address that begins at the digit `start`.
pub(super) fn read_ipv4(bytes: &[u8], start: usize, found: &mut Vec<Reading>) {
    let run = bytes[start..].iter().take(24).take_while(|b| b.is_ascii_digit() || **b == b'.').count();
    let run = &bytes[start..start + run];
    let fourth_dot = run.iter().enumerate().filter(|(_, b)| **b == b'.').nth(3).map(|(place, _)| place);
    let end = start + fourth_dot.unwrap_or(run.len());
    let continues = fourth_dot.is_some_and(|dot| dot + 1 < run.len());
    if !(7..=15).contains(&(end - start))
        || bytes.get(end).is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_')
    {
        return;
    }
    if start > 0 && matches!(bytes[start - 1], b'.' | b'_') {
        return;
    }
    let Some(address) = std::str::from_utf8(&bytes[start..end]).ok().and_then(|t| t.parse::<Ipv4Addr>().ok())
    else {
        return;
    };
    // A clause number such as 4.2.1.3 has the same form.
    let is_clause = continues || address.octets().iter().all(|octet| (1..32).contains(octet));
    let score = match (is_clause, is_before(bytes, start, 16, "ip|ipv4|ping|dns|host|server|gateway")) {
        (_, true) => 0.95,
        (false, false) => 0.85,
        (true, false) => 0.3,
    };
    let end = end + prefix_length(bytes, end, 2);
    found.push(Reading::personal("IP_ADDRESS", start, end, score, "four octets"));
}

/// Reads a hardware address whose first separator stands at `at`: six pairs, or three fours with dots.
pub(super) fn read_mac(bytes: &[u8], at: usize, found: &mut Vec<Reading>) {
    let (width, count) = if bytes[at] == b'.' { (4, 3) } else { (2, 6) };
    let Some(start) = at.checked_sub(width) else { return };
    let end = start + (width + 1) * count - 1;
    let Some(text) = bytes.get(start..end) else { return };
    let is_form = text.iter().enumerate().all(|(place, byte)| {
        if place % (width + 1) == width { *byte == bytes[at] } else { byte.is_ascii_hexdigit() }
    });
    let joins = |b: &u8| b.is_ascii_alphanumeric() || *b == b'_' || *b == bytes[at];
    let is_cut = start > 0 && joins(&bytes[start - 1])
        || bytes.get(end).is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_')
        || bytes.get(end) == Some(&bytes[at]) && bytes.get(end + 1).is_some_and(u8::is_ascii_hexdigit);
    // Six equal bytes are the null or the broadcast address, nobody's device.
    let is_nobody =
        [b'0', b'f'].iter().any(|b| text.iter().all(|t| t.to_ascii_lowercase() == *b || *t == bytes[at]));
    if is_form && !is_cut && !is_nobody {
        found.push(Reading::personal("MAC_ADDRESS", start, end, 0.9, "has the form of a hardware address"));
    }
}

/// Length of a network prefix (`/24`) of at most `digits` digits, zero if there is none.
fn prefix_length(bytes: &[u8], at: usize, digits: usize) -> usize {
    let [b'/', rest @ ..] = &bytes[at..] else { return 0 };
    let count = rest.iter().take_while(|b| b.is_ascii_digit()).count();
    let limit = if digits == 2 { 32 } else { 128 };
    let is_prefix = (1..=digits).contains(&count) && number(Digits::of(&rest[..count]).all()) <= limit;
    if is_prefix && !rest.get(count).is_some_and(u8::is_ascii_alphanumeric) { count + 1 } else { 0 }
}

/// Length of a zone (`%eth0`), zero if there is none.
fn zone_length(bytes: &[u8], at: usize) -> usize {
    let [b'%', rest @ ..] = &bytes[at..] else { return 0 };
    match rest.iter().take(16).take_while(|b| b.is_ascii_alphanumeric()).count() {
        0 => 0,
        count => count + 1,
    }
}

/// Reads an IPv6 address around a colon; only the first colon of a run counts.
pub(super) fn read_ipv6(bytes: &[u8], colon: usize, found: &mut Vec<Reading>) {
    let is_part = |b: u8| b.is_ascii_hexdigit() || b == b':' || b == b'.';
    let mut start = colon;
    while start > 0 && colon - start < 5 && is_part(bytes[start - 1]) {
        start -= 1;
    }
    if bytes[start..colon].contains(&b':')
        || start > 0 && (bytes[start - 1].is_ascii_alphanumeric() || bytes[start - 1] == b'_')
    {
        return;
    }
    let run = bytes[start..].iter().take(46).take_while(|b| is_part(**b)).count();
    let mut end = start + run;
    if bytes.get(end).is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_') {
        return;
    }
    while end > colon
        && (bytes[end - 1] == b'.' || (bytes[end - 1] == b':' && !bytes[..end].ends_with(b"::")))
    {
        end -= 1;
    }
    let parsed = std::str::from_utf8(&bytes[start..end]).ok().and_then(|t| t.parse::<Ipv6Addr>().ok());
    if parsed.is_none() {
        return;
    }
    let is_tiny = end - start <= 2;
    let end = end + zone_length(bytes, end);
    let end = end + prefix_length(bytes, end, 3);
    let near = is_near(bytes, start, end, "ip|ipv6|address|host|src|dst|server");
    let score = if is_tiny && !near { 0.3 } else { 0.85 };
    found.push(Reading::personal("IP_ADDRESS", start, end, score, "eight groups of an IPv6 address"));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str, read: fn(&[u8], usize, &mut Vec<Reading>), anchor: char) -> Vec<String> {
        let mut found = Vec::new();
        for (place, _) in text.match_indices(anchor) {
            read(text.as_bytes(), place, &mut found);
        }
        found.iter().map(|r| text[r.start..r.end].to_owned()).collect()
    }

    #[test]
    fn emails() {
        assert_eq!(
            texts("Mail <jane.o'neil+x@mail.example.co.uk>, ok", read_email, '@'),
            ["neil+x@mail.example.co.uk"]
        );
        assert_eq!(texts("a_b@xn--80ak6aa92e.com.", read_email, '@'), ["a_b@xn--80ak6aa92e.com"]);
        assert!(texts("info@example. @handle a@b x@1.2", read_email, '@').is_empty());
    }

    #[test]
    fn urls() {
        assert_eq!(texts("see (https://example.org/a?b=c).", read_url, ':'), ["https://example.org/a?b=c"]);
        assert_eq!(texts("http://10.0.0.1/x", read_url, ':'), ["http://10.0.0.1/x"]);
        assert!(texts("http://microsoft std::cout", read_url, ':').is_empty());
        assert_eq!(texts("visit www.example.com/x, please", read_domain, '.'), ["www.example.com/x"]);
        assert!(texts("the end.The next. a.b file.rs www.example", read_domain, '.').is_empty());
    }

    #[test]
    fn addresses() {
        let mut found = Vec::new();
        read_ipv4(b"10.0.0.1, ", 0, &mut found);
        assert_eq!((found.len(), found[0].end), (1, 8));
        assert_eq!(texts("at fe80::1, or", read_ipv6, ':'), ["fe80::1"]);
        assert!(texts("12:30:45 std::cout a:b ::: 1:2:3:4", read_ipv6, ':').is_empty());
    }
}

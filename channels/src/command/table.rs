//! The commands and their spellings: the one table behind slash commands, mentions, mails, the console,
//! the shell, the help, the manifests and the docs.

use domain::person::Role;

/// Which command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Look for partners.
    Find,
    /// Say whether companies fit.
    Feedback,
    /// Explain a fit.
    Why,
    /// List deals.
    List,
    /// Propose a deal with a company.
    Propose,
    /// Show one deal.
    Show,
    /// Move a deal.
    Move,
    /// Write a note.
    Note,
    /// Read a contract behind a link.
    Analyze,
    /// Open the locked file that was sent.
    Unlock,
    /// Show what was read in a contract.
    Contract,
    /// Send a contract with our offers marked in it.
    Redline,
    /// Ask a contract a question.
    Ask,
    /// Look for clauses in all contracts.
    Clauses,
    /// Say which deal a contract belongs to.
    Link,
    /// List the terms that a person is to look at.
    Reviews,
    /// List dates that come up.
    Renewals,
    /// List what waits for a decision.
    Approvals,
    /// Tell who has to approve what.
    Policy,
    /// Let somebody stand in.
    Delegate,
    /// Approve a request.
    Approve,
    /// Reject a request.
    Reject,
    /// Take a request back.
    Withdraw,
    /// List people.
    People,
    /// Be known on another channel.
    Join,
    /// Give a role.
    Role,
    /// Explain.
    Help,
}

/// What follows the command's word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Argument {
    /// Nothing.
    None,
    /// A question in plain words.
    Question,
    /// `good` or `bad`, names of companies, perhaps why.
    Feedback,
    /// Perhaps a stage.
    Stage,
    /// Perhaps a company's name.
    Company,
    /// A deal's name.
    Deal,
    /// A deal's name, a stage, perhaps a reason.
    DealAndStage,
    /// A deal's name and a text.
    DealAndText,
    /// A web address, perhaps a deal's name.
    Address,
    /// A contract's or a deal's name.
    Contract,
    /// A contract's or a deal's name and a question.
    ContractAndQuestion,
    /// A contract's name and a deal's.
    ContractAndDeal,
    /// An approval's id, perhaps a comment.
    Approval,
    /// A person and a role.
    PersonAndRole,
    /// A password.
    Password,
    /// Perhaps a case in plain words.
    Case,
    /// Perhaps a person and for how long.
    Standin,
    /// Perhaps a code.
    Code,
    /// Perhaps a command.
    Topic,
}

/// A command.
#[derive(Debug, Clone, Copy)]
pub struct Command {
    /// Which.
    pub kind: Kind,
    /// The word we teach.
    pub name: &'static str,
    /// Other words for the same, understood just as surely; compared without case and accents.
    pub aliases: &'static [&'static str],
    /// The same in German, French, Spanish and Italian.
    pub foreign: &'static [&'static str],
    /// How it is written, without the prefix.
    pub usage: &'static str,
    /// What it does, one line.
    pub purpose: &'static str,
    /// One that works, without the prefix.
    pub example: &'static str,
    /// The least role that may have it carried out.
    pub least_role: Role,
    /// What follows the word.
    pub argument: Argument,
    /// Heading in the help.
    pub group: &'static str,
}

const PARTNERS: &str = "Partners";
const DEALS: &str = "Deals";
pub(crate) const CONTRACTS: &str = "Contracts";
const DECISIONS: &str = "Decisions";
const TEAM: &str = "Team";

/// All commands, in the order of the help.
pub static COMMANDS: [Command; 27] = [
    Command {
        kind: Kind::Find,
        name: "find",
        aliases: &[
            "search",
            "search for",
            "look for",
            "lookup",
            "look up",
            "find me",
            "discover",
            "scout",
            "seek",
        ],
        foreign: &[
            "suche",
            "suche nach",
            "such",
            "finde",
            "cherche",
            "chercher",
            "trouve",
            "trouver",
            "recherche",
            "busca",
            "buscar",
            "encuentra",
            "encontrar",
            "cerca",
            "trova",
        ],
        usage: "find <what, where, how big>",
        purpose: "Find the ten best partners in the directory, with the evidence for each.",
        example: "find payment companies in Germany, mid cap",
        least_role: Role::Member,
        argument: Argument::Question,
        group: PARTNERS,
    },
    Command {
        kind: Kind::Feedback,
        name: "feedback",
        aliases: &["rate"],
        foreign: &["bewerte", "evalue", "evalua"],
        usage: "feedback <good|bad> <company>[, <company>] [because <why>]",
        purpose: "Say whether companies that were found fit; later fits learn from it.",
        example: "feedback bad Acme because too small",
        least_role: Role::Member,
        argument: Argument::Feedback,
        group: PARTNERS,
    },
    Command {
        kind: Kind::Why,
        name: "why",
        aliases: &["explain the fit of", "why the fit of"],
        foreign: &["warum", "pourquoi", "por que", "perche"],
        usage: "why <company>",
        purpose: "Explain the fit of a company in plain words.",
        example: "why Adyen",
        least_role: Role::Viewer,
        argument: Argument::Company,
        group: PARTNERS,
    },
    Command {
        kind: Kind::List,
        name: "deals",
        aliases: &["list", "ls", "pipeline", "list deals", "my deals", "my pipeline", "all deals"],
        foreign: &["liste", "lista", "meine deals", "mes deals", "mis deals"],
        usage: "deals [in <stage>]",
        purpose: "List the deals and their stages; `my deals` lists only yours.",
        example: "deals in negotiation",
        least_role: Role::Viewer,
        argument: Argument::Stage,
        group: DEALS,
    },
    Command {
        kind: Kind::Propose,
        name: "propose",
        aliases: &["new deal", "create a deal", "create deal", "start a deal"],
        foreign: &["neuer deal", "nouveau deal", "nuevo deal", "nuovo deal"],
        usage: "propose [<company>]",
        purpose: "Propose a deal with a company of the directory; alone, or as `/deal new`, asks which.",
        example: "propose Adyen",
        least_role: Role::Member,
        argument: Argument::Company,
        group: DEALS,
    },
    Command {
        kind: Kind::Show,
        name: "show",
        aliases: &["open", "status", "deal", "view", "details", "display", "info", "history", "show me"],
        foreign: &[
            "zeige",
            "zeig",
            "zeig mir",
            "montre",
            "montre moi",
            "affiche",
            "muestra",
            "muestrame",
            "offne",
            "ouvre",
            "abre",
            "mostra",
        ],
        usage: "show <name>",
        purpose: "Show one deal with its stage, history and notes.",
        example: "show Adyen",
        least_role: Role::Viewer,
        argument: Argument::Deal,
        group: DEALS,
    },
    Command {
        kind: Kind::Move,
        name: "move",
        aliases: &["put", "set", "mark", "push", "advance", "shift", "transition", "bring"],
        foreign: &[
            "verschiebe",
            "setze",
            "markiere",
            "deplace",
            "mets",
            "passe",
            "marque",
            "mueve",
            "pon",
            "marca",
            "sposta",
        ],
        usage: "move <name> to <stage> [because <reason>]",
        purpose: "Move a deal to another stage. Going back, Lost and On hold need a reason.",
        example: "move Adyen to negotiation",
        least_role: Role::Member,
        argument: Argument::DealAndStage,
        group: DEALS,
    },
    Command {
        kind: Kind::Note,
        name: "note",
        aliases: &[
            "add note",
            "add a note",
            "comment",
            "log",
            "memo",
            "jot",
            "write a note",
            "take a note",
            "make a note",
            "notes",
        ],
        foreign: &["notiz", "notiere", "notez", "noter", "nota", "anota"],
        usage: "note <name>: <text>",
        purpose: "Write a note on a deal.",
        example: "note Adyen: call Tuesday, ask for the fee table",
        least_role: Role::Member,
        argument: Argument::DealAndText,
        group: DEALS,
    },
    Command {
        kind: Kind::Analyze,
        name: "analyze",
        aliases: &[
            "analyse",
            "contract analyze",
            "contract analyse",
            "analyze contract",
            "analyse contract",
            "analyze the contract",
            "analyze this contract",
            "review contract",
            "review the contract",
            "review this contract",
            "read contract",
            "read the contract",
            "read this contract",
            "check contract",
            "check the contract",
            "check this contract",
        ],
        foreign: &["analysiere", "analysez", "analiza", "analizza"],
        usage: "analyze <https link> [for <deal>]",
        purpose: "Read a contract behind a link, or send the file itself: its terms, what is risky, a decision.",
        example: "analyze https://example.com/msa.pdf for Adyen",
        least_role: Role::Member,
        argument: Argument::Address,
        group: CONTRACTS,
    },
    Command {
        kind: Kind::Unlock,
        name: "unlock",
        aliases: &["contract unlock", "password", "the password is", "password is"],
        foreign: &[
            "entsperre",
            "passwort",
            "kennwort",
            "das passwort ist",
            "deverrouille",
            "mot de passe",
            "le mot de passe est",
            "desbloquea",
            "contrasena",
            "la contrasena es",
        ],
        usage: "unlock <password>",
        purpose: "Open the locked PDF that was sent; the password is used once and forgotten.",
        example: "unlock Plum-Tree-7",
        least_role: Role::Member,
        argument: Argument::Password,
        group: CONTRACTS,
    },
    Command {
        kind: Kind::Contract,
        name: "contract",
        aliases: &[
            "contracts",
            "contract show",
            "contract list",
            "show contract",
            "show contracts",
            "show the contract",
            "show me the contract",
            "list contracts",
            "open contract",
            "open the contract",
            "my contracts",
            "all contracts",
        ],
        foreign: &["vertrag", "vertrage", "contrat", "contrats", "contrato", "contratos", "contratto"],
        usage: "contract [<deal or document>]",
        purpose: "Show what was read in a contract; alone, list all contracts.",
        example: "contract Adyen",
        least_role: Role::Viewer,
        argument: Argument::Contract,
        group: CONTRACTS,
    },
    Command {
        kind: Kind::Redline,
        name: "redline",
        aliases: &["send redline", "send the redline", "mark up", "track changes"],
        foreign: &[],
        usage: "redline <deal or document>",
        purpose: "Send the Word document with the playbook's offers as tracked changes.",
        example: "redline Adyen",
        least_role: Role::Viewer,
        argument: Argument::Contract,
        group: CONTRACTS,
    },
    Command {
        kind: Kind::Ask,
        name: "ask",
        aliases: &[
            "contract ask",
            "ask contract",
            "ask the contract",
            "ask the contract of",
            "ask the contract with",
        ],
        foreign: &["frage", "demande", "pregunta"],
        usage: "ask <deal or document>: <question>",
        purpose: "Ask a contract a question: the sentence that answers it with its page, or that it does not say.",
        example: "ask Adyen: what is the notice period?",
        least_role: Role::Viewer,
        argument: Argument::ContractAndQuestion,
        group: CONTRACTS,
    },
    Command {
        kind: Kind::Clauses,
        name: "clauses",
        aliases: &[
            "clause",
            "contract clauses",
            "contract clause",
            "find clauses",
            "find clause",
            "search clauses",
            "search contracts",
            "search contracts for",
            "search our contracts for",
            "clause search",
            "show clauses",
        ],
        foreign: &["klauseln", "klausel", "clausulas", "clausole"],
        usage: "clauses <words>",
        purpose: "Look for clauses in all contracts: the five that fit best, with document, deal and page.",
        example: "clauses limitation of liability",
        least_role: Role::Viewer,
        argument: Argument::Question,
        group: CONTRACTS,
    },
    Command {
        kind: Kind::Link,
        name: "link",
        aliases: &["contract link", "link contract", "link the contract", "attach", "attach contract"],
        foreign: &[],
        usage: "link <document> to <deal>",
        purpose: "Say which deal a contract belongs to.",
        example: "link \"Master Services Agreement.pdf\" to Adyen",
        least_role: Role::Member,
        argument: Argument::ContractAndDeal,
        group: CONTRACTS,
    },
    Command {
        kind: Kind::Reviews,
        name: "reviews",
        aliases: &[
            "review queue",
            "contract reviews",
            "contract review queue",
            "show reviews",
            "list reviews",
        ],
        foreign: &[],
        usage: "reviews",
        purpose: "List the contract terms that wait for a person's eye, oldest first.",
        example: "reviews",
        least_role: Role::Viewer,
        argument: Argument::None,
        group: CONTRACTS,
    },
    Command {
        kind: Kind::Renewals,
        name: "renewals",
        aliases: &[
            "renewal calendar",
            "contract renewals",
            "contract calendar",
            "upcoming renewals",
            "show renewals",
            "list renewals",
            "what renews",
            "which contracts renew",
        ],
        foreign: &["verlangerungen", "renouvellements", "renovaciones"],
        usage: "renewals",
        purpose: "List when accepted contracts end or renew, and by when notice must be given.",
        example: "renewals",
        least_role: Role::Viewer,
        argument: Argument::None,
        group: CONTRACTS,
    },
    Command {
        kind: Kind::Approvals,
        name: "approvals",
        aliases: &[
            "approval",
            "pending",
            "waiting",
            "requests",
            "pending approvals",
            "open approvals",
            "my approvals",
            "list approvals",
            "what is waiting for me",
            "whats waiting for me",
            "what is waiting",
            "whats waiting",
            "waiting for me",
            "pending requests",
            "open requests",
        ],
        foreign: &["genehmigungen", "freigaben", "approbations", "aprobaciones"],
        usage: "approvals",
        purpose: "List what waits for your decision.",
        example: "approvals",
        least_role: Role::Viewer,
        argument: Argument::None,
        group: DECISIONS,
    },
    Command {
        kind: Kind::Policy,
        name: "policy",
        aliases: &[
            "approvals policy",
            "approval policy",
            "approvals who",
            "who must approve",
            "who has to approve",
            "who needs to approve",
            "who should approve",
            "who approves",
        ],
        foreign: &["wer muss genehmigen", "wer genehmigt", "qui approuve", "quien aprueba"],
        usage: "policy [for <case>]",
        purpose: "Show the approval policy, or who has to approve a case under it.",
        example: "policy for a 200k revenue share with exclusivity",
        least_role: Role::Viewer,
        argument: Argument::Case,
        group: DECISIONS,
    },
    Command {
        kind: Kind::Delegate,
        name: "delegate",
        aliases: &[
            "approvals delegate",
            "approvals delegates",
            "delegations",
            "delegates",
            "stop delegating",
            "end delegation",
        ],
        foreign: &["delegiere", "delegieren", "vertretung", "delegue", "deleguer", "delega", "delegar"],
        usage: "delegate [to <person> for <n> days]",
        purpose: "Let another approver decide in your place; `delegate to nobody` ends it.",
        example: "delegate to Lee for 5 days",
        least_role: Role::Approver,
        argument: Argument::Standin,
        group: DECISIONS,
    },
    Command {
        kind: Kind::Approve,
        name: "approve",
        aliases: &["accept"],
        foreign: &["genehmige", "approuve", "aprueba"],
        usage: "approve <id> [because <comment>]",
        purpose: "Approve a request; the buttons on its card do the same.",
        example: "approve 4f9a2c",
        least_role: Role::Approver,
        argument: Argument::Approval,
        group: DECISIONS,
    },
    Command {
        kind: Kind::Reject,
        name: "reject",
        aliases: &["decline", "deny", "refuse"],
        foreign: &["ablehnen", "rejette", "refuser", "rechaza"],
        usage: "reject <id> because <comment>",
        purpose: "Reject a request and say why.",
        example: "reject 4f9a2c because we work with a competitor",
        least_role: Role::Approver,
        argument: Argument::Approval,
        group: DECISIONS,
    },
    Command {
        kind: Kind::Withdraw,
        name: "cancel",
        aliases: &[
            "withdraw",
            "retract",
            "take back",
            "cancel request",
            "withdraw request",
            "cancel my request",
        ],
        foreign: &["storniere", "zuruckziehen", "annule", "annuler", "cancela", "annulla"],
        usage: "cancel [<id>]",
        purpose: "Take back your request before anybody decided on it.",
        example: "cancel",
        least_role: Role::Member,
        argument: Argument::Approval,
        group: DECISIONS,
    },
    Command {
        kind: Kind::People,
        name: "people",
        aliases: &[
            "team",
            "members",
            "users",
            "roles",
            "persons",
            "list people",
            "who is here",
            "whos here",
            "who is who",
        ],
        foreign: &["leute", "personen", "personnes", "equipe", "personas", "equipo"],
        usage: "people",
        purpose: "List the people of your team and their roles.",
        example: "people",
        least_role: Role::Viewer,
        argument: Argument::None,
        group: TEAM,
    },
    Command {
        kind: Kind::Join,
        name: "join",
        aliases: &["who am i", "whoami", "connect me", "my channels"],
        foreign: &["beitreten", "wer bin ich", "rejoindre", "qui suis je", "unirme", "quien soy"],
        usage: "join [<code>]",
        purpose: "Use Dealdesk on another channel as the same person: ask for a code here, write it there.",
        example: "join",
        least_role: Role::Viewer,
        argument: Argument::Code,
        group: TEAM,
    },
    Command {
        kind: Kind::Role,
        name: "role",
        aliases: &["set role", "change role", "set role of", "change role of", "role of"],
        foreign: &["rolle", "rol"],
        usage: "role <@name> <viewer|member|approver|admin>",
        purpose: "Give a person a role.",
        example: "role @anna approver",
        least_role: Role::Admin,
        argument: Argument::PersonAndRole,
        group: TEAM,
    },
    Command {
        kind: Kind::Help,
        name: "help",
        aliases: &["commands", "usage", "man", "?", "??", "help me", "what can you do", "how does this work"],
        foreign: &["hilfe", "aide", "ayuda", "aiuto"],
        usage: "help [<command>]",
        purpose: "Show what you can say.",
        example: "help move",
        least_role: Role::Viewer,
        argument: Argument::Topic,
        group: TEAM,
    },
];

impl Command {
    /// Every spelling of the command's word.
    pub fn spellings(&self) -> impl Iterator<Item = &'static str> {
        std::iter::once(self.name).chain(self.aliases.iter().copied()).chain(self.foreign.iter().copied())
    }
}

/// The row of a kind.
pub fn command(kind: Kind) -> &'static Command {
    // Every kind has its row; a test holds the table to it.
    COMMANDS.iter().find(|command| command.kind == kind).unwrap_or(&COMMANDS[0])
}

/// The command with a spelling, case and accents aside.
pub fn named(word: &str) -> Option<&'static Command> {
    let folded = word.split_whitespace().map(super::words::fold).collect::<Vec<_>>().join(" ");
    COMMANDS.iter().find(|command| command.spellings().any(|spelling| spelling == folded))
}

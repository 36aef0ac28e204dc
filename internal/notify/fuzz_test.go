package notify

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// FuzzMedia holds every medium's limits against any text, anywhere in a notice.
func FuzzMedia(f *testing.F) {
	f.Add(nastyText, 3)
	f.Add("", 0)
	f.Add(strings.Repeat("💥&`", 3000), 60)
	f.Add(strings.Repeat("{noformat} ", 6000), 60)
	f.Add(strings.Repeat("\x00", 70_000), 60)
	f.Fuzz(func(t *testing.T, s string, items int) {
		s = s[:min(len(s), 8<<10)]
		n := calm()
		n.Target.ID, n.Target.Region, n.Target.Account, n.Title, n.Type, n.Description = s, s, s, s, s, s
		n.Reason, n.Case, n.Status, n.Ticket, n.FindingID, n.EvidenceURI = s, s, s, s, s, s
		n.Next, n.Done = []string{s}, nil
		for range min(max(items, 0), 60) {
			n.Done, n.Failed, n.Residual, n.Next = append(n.Done, s), append(n.Failed, s), append(n.Residual, s), append(n.Next, s)
		}
		checkSNS(t, n)
		checkSlack(t, slackMessage(n))
		checkJira(t, n)
		if note := hubNote(n); utf16Len(note) > 512 || note == "" {
			t.Errorf("note of %d units", utf16Len(note))
		}
	})
}

func checkSNS(t *testing.T, n Notice) {
	t.Helper()
	in := newSNS(SNSConfig{Topic: "arn:aws:sns:eu-west-1:111122223333:alarm.fifo"}, Deps{}.orDefaults()).message(n)
	subject := *in.Subject
	if len(subject) == 0 || len(subject) >= 100 || subject[0] == ' ' || strings.ContainsFunc(subject, func(r rune) bool { return r < ' ' || r > '~' }) {
		t.Errorf("subject %q", subject)
	}
	if size := snsSize(in); size > maxSNS {
		t.Errorf("%d bytes", size)
	}
	if len(in.MessageAttributes) > 10 {
		t.Errorf("%d attributes", len(in.MessageAttributes))
	}
	for name, a := range in.MessageAttributes {
		if *a.StringValue == "" || !utf8.ValidString(*a.StringValue) {
			t.Errorf("attribute %s is %q", name, *a.StringValue)
		}
	}
	if a, ok := in.MessageAttributes["notice"]; !ok {
		t.Error("no notice as JSON")
	} else if json.Unmarshal([]byte(*a.StringValue), &Notice{}) != nil {
		t.Errorf("attribute notice is %.200q", *a.StringValue)
	}
	for _, id := range []string{*in.MessageGroupId, *in.MessageDeduplicationId} {
		if id == "" || len(id) > 128 || strings.ContainsFunc(id, func(r rune) bool { return r <= ' ' || r > '~' }) {
			t.Errorf("FIFO id %q", id)
		}
	}
	next := false
	for l := range strings.Lines(*in.Message) {
		next = strings.HasPrefix(l, "NEXT") || next && strings.HasPrefix(l, "  ")
		if n := utf8.RuneCountInString(strings.TrimSuffix(l, "\n")); n > columns && !next {
			t.Errorf("line of %d characters: %q", n, l)
		}
	}
	onlyPrintable(t, *in.Message)
}

func checkSlack(t *testing.T, p slackPayload) {
	t.Helper()
	if p.Text == "" || len(p.Blocks) == 0 || len(p.Blocks) > 50 {
		t.Errorf("text of %d bytes, %d blocks", len(p.Text), len(p.Blocks))
	}
	check := func(o slackObject, limit int) {
		t.Helper()
		if n := utf16Len(o.Text); n == 0 || n > limit {
			t.Errorf("%s of %d units, limit %d", o.Type, n, limit)
		}
		if strings.ContainsAny(o.Text, "<>") {
			t.Errorf("%s is not escaped: %q", o.Type, o.Text)
		}
		for rest := o.Text; ; {
			i := strings.IndexByte(rest, '&')
			if i < 0 {
				break
			}
			rest = rest[i:]
			if !strings.HasPrefix(rest, "&amp;") && !strings.HasPrefix(rest, "&lt;") && !strings.HasPrefix(rest, "&gt;") {
				t.Errorf("an entity is cut: %.20q", rest)
			}
			rest = rest[1:]
		}
		if strings.Count(o.Text, "`")%2 != 0 {
			t.Errorf("a code span is open: %q", o.Text)
		}
		onlyPrintable(t, o.Text)
	}
	check(slackObject{Type: "fallback", Text: p.Text}, slackText)
	for _, b := range p.Blocks {
		limit := slackSection
		if b.Type == "header" {
			limit = slackHeader
		}
		if b.Text != nil {
			check(*b.Text, limit)
		}
		if len(b.Fields) > 10 || b.Type == "section" && b.Text == nil && len(b.Fields) == 0 {
			t.Errorf("section with %d fields", len(b.Fields))
		}
		for _, o := range b.Fields {
			check(o, slackField)
		}
		for _, o := range b.Elements {
			check(o, slackSection)
		}
	}
}

func checkJira(t *testing.T, n Notice) {
	t.Helper()
	c := newJira(JiraConfig{URL: "https://example.atlassian.net", Project: "SEC"}, Deps{}.orDefaults())
	fields := c.newIssue(n)["fields"].(map[string]any)
	summary := fields["summary"].(string)
	if utf16Len(summary) > 255 || strings.Contains(summary, "\n") || summary == "" {
		t.Errorf("summary %q", summary)
	}
	for _, label := range fields["labels"].([]string) {
		if len(label) > 255 || strings.ContainsFunc(label, func(r rune) bool { return r <= ' ' || r > '~' || r == '"' }) {
			t.Errorf("label %q", label)
		}
	}
	total := 0
	var walk func(adfNode)
	walk = func(node adfNode) {
		total += utf16Len(node.Text)
		if node.Type == "text" && node.Text == "" || node.Type != "text" && len(node.Content) == 0 {
			t.Errorf("empty %s", node.Type)
		}
		onlyPrintable(t, node.Text)
		for _, inner := range node.Content {
			walk(inner)
		}
	}
	walk(adfDocument(n))
	if total > maxWiki {
		t.Errorf("ADF of %d units", total)
	}
	text := wikiText(n)
	if utf16Len(text) > maxWiki || !strings.Contains(text, jiraMark(n)) {
		t.Errorf("wiki text of %d units", utf16Len(text))
	}
	if braces := strings.Count(text, "{") - strings.Count(text, "{ "); braces != strings.Count(text, "{noformat}\n") || braces%2 != 0 {
		t.Errorf("a macro stands in the wiki text: %q", text)
	}
	onlyPrintable(t, text)
}

func onlyPrintable(t *testing.T, s string) {
	t.Helper()
	for _, r := range s {
		if r != '\n' && !unicode.IsPrint(r) {
			t.Errorf("holds the character %U: %q", r, s)
			return
		}
	}
}

// FuzzFit holds that what is cut keeps its limit and is otherwise as it was.
func FuzzFit(f *testing.F) {
	f.Add("a💥b", 3)
	f.Add("&&&", 7)
	f.Fuzz(func(t *testing.T, s string, size int) {
		size = min(size, 1<<16)
		got := fit(s, size)
		if utf16Len(got) > max(size, 0) {
			t.Errorf("fit(%q, %d) = %q", s, size, got)
		}
		if valid := strings.ToValidUTF8(s, "\ufffd"); utf16Len(valid) <= size && utf8.ValidString(s) && got != s {
			t.Errorf("fit(%q, %d) = %q, but nothing had to go", s, size, got)
		}
		if n := utf16Len(slackEscape(s, size)); n > max(size, 0) {
			t.Errorf("slackEscape(%q, %d) has %d units", s, size, n)
		}
		for _, l := range wrap(line(s), "| ", "| ") {
			if utf8.RuneCountInString(l) > columns {
				t.Errorf("line %q", l)
			}
		}
	})
}

// FuzzRetryAfter holds that no header makes the wait negative or endless.
func FuzzRetryAfter(f *testing.F) {
	f.Add("120")
	f.Add("Sat, 21 Nov 2026 03:14:17 GMT")
	f.Add("-1")
	f.Add("99999999999999999999")
	f.Fuzz(func(t *testing.T, header string) {
		if d := retryAfter(header, at); d < 0 || d.Hours() > 1 {
			t.Errorf("%q: %v", header, d)
		}
	})
}

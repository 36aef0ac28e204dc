package notify

import (
	"fmt"
	"strings"
)

// Slack's limits, in characters (https://docs.slack.dev/reference/block-kit/blocks).
const (
	slackHeader  = 150
	slackSection = 3000
	slackField   = 2000
	slackText    = 3000 // of the fallback; Slack takes more
)

// slackPayload is the body of a webhook request.
type slackPayload struct {
	Text        string       `json:"text"` // for notifications, and where blocks are not shown
	Mrkdwn      bool         `json:"mrkdwn"`
	UnfurlLinks bool         `json:"unfurl_links"`
	UnfurlMedia bool         `json:"unfurl_media"`
	Blocks      []slackBlock `json:"blocks,omitempty"`
}

type slackBlock struct {
	Type     string       `json:"type"`
	Text     *slackObject `json:"text,omitempty"`
	Fields   []slackWords `json:"fields,omitempty"`
	Elements []slackWords `json:"elements,omitempty"`
}

// slackObject is a text object of either kind; slackWords is always mrkdwn.
type (
	slackObject struct {
		Type     string `json:"type"`
		Text     string `json:"text"`
		Emoji    *bool  `json:"emoji,omitempty"`    // plain_text only
		Verbatim *bool  `json:"verbatim,omitempty"` // mrkdwn only: nothing is turned into links or mentions
	}
	slackWords = slackObject
)

func mrkdwn(s string) slackObject {
	yes := true
	return slackObject{Type: "mrkdwn", Text: s, Verbatim: &yes}
}

// slackMessage lays a notice out. Foreign text stands in code spans and blocks only, where Slack formats nothing.
func slackMessage(n Notice) slackPayload {
	no := false
	mark := map[Level]string{LevelCritical: "CRITICAL: "}[n.Level]
	blocks := []slackBlock{{Type: "header", Text: &slackObject{
		Type: "plain_text", Text: slackEscape(mark+defang(line(verdict(n)+": "+n.Target.ID)), slackHeader), Emoji: &no,
	}}}
	section := slackBlock{Type: "section"}
	for _, f := range facts(n) {
		section.Fields = append(section.Fields, mrkdwn(slackLabel(f.label)+slackCode(f.value, slackField-32)))
	}
	blocks = append(blocks, section)
	for _, l := range lists(n) {
		blocks = append(blocks, slackList(l))
	}
	if text := foreign(n); text != "" {
		head := slackLabel("From the finding (others may have chosen this text)")
		text := mrkdwn(head + slackCodeBlock(text, slackSection-len(head)))
		blocks = append(blocks, slackBlock{Type: "section", Text: &text})
	}
	if n.FindingID != "" {
		blocks = append(blocks, slackBlock{Type: "context", Elements: []slackWords{mrkdwn("GuardDuty finding " + slackCode(defang(n.FindingID), 200))}})
	}
	text := mark + headline(n) + join(", ", " in account "+n.Target.Account, n.Target.Region) + ". Case " + n.Case
	return slackPayload{Text: slackEscape(line(text), slackText), Blocks: blocks}
}

func slackLabel(s string) string { return "*" + s + "*\n" }

// slackList is a section with as many items as it holds.
func slackList(l list) slackBlock {
	text := slackLabel(l.title)
	for i, item := range l.items {
		entry := "• " + slackCode(item, 300) + "\n"
		if utf16Len(text)+utf16Len(entry) > slackSection-50 {
			text += fmt.Sprintf("and %d more", len(l.items)-i)
			break
		}
		text += entry
	}
	words := mrkdwn(text)
	return slackBlock{Type: "section", Text: &words}
}

// slackEscape is foreign text for plain places, at most size UTF-16 units long: an entity is never cut apart, nobody is
// mentioned, no code span ends.
func slackEscape(s string, size int) string {
	s = strings.NewReplacer("@here", "@ here", "@channel", "@ channel", "@everyone", "@ everyone").Replace(printable(s))
	return fitAs(s, size, func(r rune) string {
		switch r {
		case '&':
			return "&amp;"
		case '<':
			return "&lt;"
		case '>':
			return "&gt;"
		case '`':
			return "'" // ends a code span, and cannot be escaped
		default:
			return string(r)
		}
	})
}

// slackCode is foreign text in a code span, at most size units with its marks.
func slackCode(s string, size int) string {
	if s = line(s); s == "" {
		return "—"
	}
	return "`" + slackEscape(s, size-2) + "`"
}

// slackCodeBlock is foreign text of several lines in a code block, at most size units with its marks.
func slackCodeBlock(s string, size int) string {
	const fence = "```"
	return fence + "\n" + slackEscape(strings.TrimSpace(s), size-2*len(fence)-2) + "\n" + fence
}

func utf16Len(s string) int {
	n := 0
	for _, r := range s {
		n += units(r)
	}
	return n
}

package notify

import "strings"

// adfNode is a node of the Atlassian Document Format
// (https://developer.atlassian.com/cloud/jira/platform/apis/document/structure/).
type adfNode struct {
	Type    string         `json:"type"`
	Version int            `json:"version,omitempty"`
	Attrs   map[string]any `json:"attrs,omitempty"`
	Content []adfNode      `json:"content,omitempty"`
	Text    string         `json:"text,omitempty"`
	Marks   []adfMark      `json:"marks,omitempty"`
}

type adfMark struct {
	Type string `json:"type"`
}

// adfDocument is the notice as ADF, within Jira's 32,767 characters of a text field. Text nodes are data: nothing in
// them is interpreted. None may be empty.
func adfDocument(n Notice) adfNode {
	doc := adfNode{Type: "doc", Version: 1}
	put := func(nodes ...adfNode) { doc.Content = append(doc.Content, nodes...) }
	put(adfNode{Type: "paragraph", Content: []adfNode{adfText(verdict(n), "strong")}})
	var items []adfNode
	for _, f := range facts(n) {
		items = append(items, adfItem(adfText(f.label+": ", "strong"), adfText(fit(line(f.value), maxFact), "code")))
	}
	put(adfNode{Type: "bulletList", Content: items})
	for _, l := range lists(n) {
		var items []adfNode
		for _, item := range l.items {
			items = append(items, adfItem(adfText(fit(line(item), maxItem), "code")))
		}
		put(adfHeading(l.title), adfNode{Type: "bulletList", Content: items})
	}
	if text := strings.TrimSpace(fit(printable(foreign(n)), maxMessage)); text != "" {
		put(adfHeading("From the finding (others may have chosen this text)"),
			adfNode{Type: "codeBlock", Content: []adfNode{adfText(text)}})
	}
	put(adfNode{Type: "paragraph", Content: []adfNode{adfText(jiraMark(n))}})
	return doc
}

// adfText is a text node; an empty one would be refused.
func adfText(s string, marks ...string) adfNode {
	if s == "" {
		s = "—"
	}
	node := adfNode{Type: "text", Text: s}
	for _, m := range marks {
		node.Marks = append(node.Marks, adfMark{m})
	}
	return node
}

func adfItem(content ...adfNode) adfNode {
	return adfNode{Type: "listItem", Content: []adfNode{{Type: "paragraph", Content: content}}}
}

func adfHeading(s string) adfNode {
	return adfNode{Type: "heading", Attrs: map[string]any{"level": 3}, Content: []adfNode{adfText(s)}}
}

package hostiletest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Terminal is what may be shown in a terminal: characters that print, line breaks and tabs; and no line that begins as only an
// attacker's does.
func Terminal(text string) error {
	if err := printable(text); err != nil {
		return err
	}
	for l := range strings.Lines(text) {
		if strings.HasPrefix(l, Forged) {
			return fmt.Errorf("a line is an attacker's: %.200q", l)
		}
	}
	return nil
}

func printable(text string) error {
	if !utf8.ValidString(text) {
		return errors.New("it is no UTF-8")
	}
	for i, r := range text {
		if r != '\n' && r != '\t' && !unicode.IsPrint(r) {
			return fmt.Errorf("it holds %U: %q", r, text[max(0, i-30):min(len(text), i+30)])
		}
	}
	return nil
}

// JSON is a JSON document, or several, that a terminal may show too.
func JSON(text string) error {
	d := json.NewDecoder(strings.NewReader(text))
	for d.More() {
		var v any
		if err := d.Decode(&v); err != nil {
			return fmt.Errorf("it is no JSON: %w", err)
		}
	}
	return Terminal(text)
}

// JSONLines is a log: an object a line, as Terminal.
func JSONLines(text string) error {
	for l := range strings.Lines(text) {
		var object map[string]any
		if err := json.Unmarshal([]byte(l), &object); err != nil {
			return fmt.Errorf("a line is no JSON object: %w: %.200q", err, l)
		}
	}
	return Terminal(text)
}

// codeSpan is what Slack shows as it is written.
var codeSpan = regexp.MustCompile("(?s)```.*?```|`[^`\n]*`")

// Slack is the body of a message: no control sequence (<…>), foreign text in code spans alone.
func Slack(body []byte) error {
	return eachText(body, func(path string, object map[string]any, text string) error {
		if err := printable(text); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		if strings.ContainsAny(text, "<>") {
			return fmt.Errorf("%s holds a control sequence: %.300q", path, text)
		}
		switch {
		case object["type"] == "plain_text":
			return nil
		case path == "" && !strings.Contains(text, "://"): // what a notification shows; an address would become a link
			return nil
		}
		bare := codeSpan.ReplaceAllString(text, "")
		if strings.Contains(bare, "`") || strings.Contains(bare, "evil.example") || strings.Contains(bare, Forged) {
			return fmt.Errorf("%s has foreign text outside of code: %.300q", path, bare)
		}
		return nil
	})
}

// eachText calls f for every "text" that is a string, anywhere in a JSON document.
func eachText(body []byte, f func(path string, object map[string]any, text string) error) error {
	var doc any
	if err := json.Unmarshal(body, &doc); err != nil {
		return fmt.Errorf("it is no JSON: %w", err)
	}
	var walk func(path string, v any) error
	walk = func(path string, v any) error {
		switch v := v.(type) {
		case map[string]any:
			if text, ok := v["text"].(string); ok {
				if err := f(path, v, text); err != nil {
					return err
				}
			}
			for k, inner := range v {
				if err := walk(path+"."+k, inner); err != nil {
					return err
				}
			}
		case []any:
			for i, inner := range v {
				if err := walk(fmt.Sprintf("%s[%d]", path, i), inner); err != nil {
					return err
				}
			}
		}
		return nil
	}
	return walk("", doc)
}

// adfNodes are the kinds of nodes that a notice is made of: none leads anywhere or calls anybody.
var adfNodes = map[any]bool{
	"doc": true, "paragraph": true, "heading": true, "bulletList": true, "listItem": true, "codeBlock": true, "text": true, "hardBreak": true,
	"table": true, "tableRow": true, "tableCell": true, "tableHeader": true, "panel": true, "rule": true, "orderedList": true,
}

// adfMarks are those of a text.
var adfMarks = map[any]bool{"strong": true, "em": true, "code": true}

// Jira is the body of an issue or comment, ADF or wiki text: neither links, mentions nor macros.
func Jira(body []byte) error {
	var doc struct {
		Fields struct {
			Summary     *string `json:"summary"`
			Description any     `json:"description"`
		} `json:"fields"`
		Body any `json:"body"`
	}
	if err := json.Unmarshal(body, &doc); err != nil {
		return fmt.Errorf("it is no JSON: %w", err)
	}
	if s := doc.Fields.Summary; s != nil {
		if err := printable(*s); err != nil || strings.ContainsAny(*s, "\n\t") {
			return fmt.Errorf("summary %.300q: %w", *s, err)
		}
	}
	for _, written := range []any{doc.Fields.Description, doc.Body} {
		switch v := written.(type) {
		case nil:
		case string:
			if err := wiki(v); err != nil {
				return err
			}
		default:
			if err := adf(v); err != nil {
				return err
			}
		}
	}
	return nil
}

func adf(v any) error {
	node, ok := v.(map[string]any)
	if !ok || !adfNodes[node["type"]] {
		return fmt.Errorf("ADF with a node of the kind %v", node["type"])
	}
	if text, ok := node["text"].(string); ok {
		if err := printable(text); err != nil {
			return err
		}
	}
	marks, _ := node["marks"].([]any)
	for _, m := range marks {
		if mark, ok := m.(map[string]any); !ok || !adfMarks[mark["type"]] {
			return fmt.Errorf("ADF with the mark %v", m)
		}
	}
	content, _ := node["content"].([]any)
	for _, inner := range content {
		if err := adf(inner); err != nil {
			return err
		}
	}
	return nil
}

// noformat is what Jira shows as it is written.
var noformat = regexp.MustCompile(`(?s)\{noformat\}\n.*?\n?\{noformat\}`)

func wiki(text string) error {
	if err := printable(text); err != nil {
		return err
	}
	for _, block := range noformat.FindAllString(text, -1) {
		if inner := strings.TrimSuffix(strings.TrimPrefix(block, "{noformat}"), "{noformat}"); strings.Contains(inner, "{noformat") {
			return fmt.Errorf("a block is opened within another: %.200q", inner)
		}
	}
	bare := noformat.ReplaceAllString(text, "")
	if strings.ContainsAny(bare, "{}[]!|") || strings.Contains(bare, "evil.example") || strings.Contains(bare, Forged) {
		return fmt.Errorf("foreign text outside of a noformat block: %.300q", bare)
	}
	return nil
}

// Mail is an SNS message, which people read as a mail: printable lines, none of them an attacker's from its first character.
func Mail(subject, message string) error {
	if len(subject) == 0 || len(subject) >= 100 || strings.ContainsFunc(subject, func(r rune) bool { return r < ' ' || r > '~' }) {
		return fmt.Errorf("subject %.200q", subject)
	}
	return Terminal(message)
}

// segment is a part of a key or file name as the vault writes them.
var segment = regexp.MustCompile(`^[A-Za-z0-9%~_-][A-Za-z0-9._%~-]*$`)

// Key is the key of an S3 object, or the path of a file, under a prefix: plain parts, none of which leads elsewhere.
func Key(prefix, key string) error {
	rest, ok := strings.CutPrefix(key, prefix)
	if !ok || rest == "" {
		return fmt.Errorf("%.200q is not under %s", key, prefix)
	}
	if len(key) > 1024 {
		return fmt.Errorf("a key of %d bytes", len(key))
	}
	for part := range strings.SplitSeq(rest, "/") {
		if !segment.MatchString(part) || part == "." || part == ".." || len(part) > 255 {
			return fmt.Errorf("%.200q has the part %q", key, part)
		}
	}
	return nil
}

// Name is what Cordon calls a thing of its own in AWS (a group, a policy, a tag, a description, a comment): plain characters
// that AWS takes everywhere, and nothing of an attacker's.
func Name(text string) error {
	if strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' }) || strings.Contains(text, Forged) || strings.Contains(text, "evil.example") ||
		strings.ContainsAny(text, "`$<>\\\"'") {
		return fmt.Errorf("foreign text in a name: %.200q", text)
	}
	return nil
}

// Without says where a secret stands in what was written, if it does.
func Without(where string, written []byte, secrets ...string) error {
	for _, s := range secrets {
		if i := bytes.Index(written, []byte(s)); i >= 0 {
			return fmt.Errorf("%s holds the secret %q: %q", where, s, written[max(0, i-80):min(len(written), i+len(s)+20)])
		}
	}
	return nil
}

package asl

import (
	"bytes"
	"encoding/json"
	"strings"
)

// lineWidth is what still stands on one line.
const lineWidth = 180

// layout indents JSON for people: what fits on a line stays on it, so that a retrier is one line and not nine.
func layout(raw []byte) ([]byte, error) {
	var b bytes.Buffer
	if err := write(&b, raw, 0, 0); err != nil {
		return nil, err
	}
	b.WriteByte('\n')
	return b.Bytes(), nil
}

// write adds a value. column is where it begins; depth indents what it holds.
func write(b *bytes.Buffer, raw json.RawMessage, depth, column int) error {
	parts, err := split(raw)
	if err != nil {
		return err
	}
	if parts == nil {
		b.Write(raw)
		return nil
	}
	if column+len(raw) < lineWidth { // else it need not be tried
		if short, err := oneLine(raw); err != nil || column+len(short) < lineWidth {
			b.WriteString(short)
			return err
		}
	}
	indent := strings.Repeat("  ", depth+1)
	b.WriteByte(raw[0])
	for i, p := range parts {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString("\n" + indent + p.key)
		if err := write(b, p.value, depth+1, len(indent)+len(p.key)); err != nil {
			return err
		}
	}
	b.WriteString("\n" + indent[2:])
	b.WriteByte(raw[len(raw)-1])
	return nil
}

func oneLine(raw json.RawMessage) (string, error) {
	parts, err := split(raw)
	if err != nil || parts == nil {
		return string(raw), err
	}
	texts := make([]string, len(parts))
	for i, p := range parts {
		value, err := oneLine(p.value)
		if err != nil {
			return "", err
		}
		texts[i] = p.key + value
	}
	return string(raw[0]) + strings.Join(texts, ", ") + string(raw[len(raw)-1]), nil
}

// part is an element of an array, or a member of an object, whose key is `"name": `.
type part struct {
	key   string
	value json.RawMessage
}

// split takes an object or array apart, in its order; nil for everything else. raw is compact.
func split(raw json.RawMessage) ([]part, error) {
	if raw[0] != '{' && raw[0] != '[' {
		return nil, nil
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	if _, err := d.Token(); err != nil {
		return nil, err
	}
	parts := []part{}
	for d.More() {
		var p part
		if raw[0] == '{' {
			name, err := d.Token()
			if err != nil {
				return nil, err
			}
			key, err := encode(name)
			if err != nil {
				return nil, err
			}
			p.key = string(key) + ": "
		}
		if err := d.Decode(&p.value); err != nil {
			return nil, err
		}
		parts = append(parts, p)
	}
	return parts, nil
}

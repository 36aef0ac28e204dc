package strict

import (
	"fmt"

	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/token"
)

// The parser calls itself for each level, and its time grows with the square of a mapping's keys: both are bounded.
const (
	maxBytes = 256 << 10
	maxDepth = 64
)

// tokenize splits a document that is no larger and no deeper than we read.
func tokenize(raw []byte) (token.Tokens, error) {
	if len(raw) > maxBytes {
		return nil, fmt.Errorf("%d bytes are too many; %d KiB are read", len(raw), maxBytes>>10)
	}
	tokens := lexer.Tokenize(string(raw))
	flow, line, dashes := 0, 0, 0
	for _, t := range tokens {
		switch t.Type {
		case token.SequenceStartType, token.MappingStartType:
			flow++
		case token.SequenceEndType, token.MappingEndType:
			flow--
		case token.SequenceEntryType: // - - - a
			if t.Position.Line != line {
				line, dashes = t.Position.Line, 0
			}
			dashes++
		default:
		}
		if flow > maxDepth || dashes > maxDepth {
			return nil, &Error{Line: t.Position.Line, Column: t.Position.Column, Msg: fmt.Sprintf("nested more than %d deep", maxDepth)}
		}
	}
	return tokens, nil
}

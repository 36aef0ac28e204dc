package awssim

import (
	_ "embed"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// The expressions of DynamoDB, as much of them as is used: attributes at the top level, comparisons, AND, OR, NOT,
// attribute_exists, attribute_not_exists, begins_with, BETWEEN; SET (with +, - and if_not_exists), REMOVE and ADD of
// numbers. All else is a ValidationException that says so.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.html

//go:embed dynamodb_reserved.txt
var dynamoReserved string

// reservedWord says whether a name cannot stand in an expression by itself.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ReservedWords.html
func reservedWord(name string) bool { return reservedWords()[strings.ToUpper(name)] }

var reservedWords = sync.OnceValue(func() map[string]bool {
	words := map[string]bool{}
	for word := range strings.FieldsSeq(dynamoReserved) {
		words[word] = true
	}
	return words
})

// placeholders are the names and values that a request's expressions may use, and which they have used.
type placeholders struct {
	names  map[string]string
	values dynamoItem
	used   map[string]bool
}

func newPlaceholders(names map[string]string, values map[string]types.AttributeValue) *placeholders {
	return &placeholders{names: names, values: dynamoItem(values).cloned(), used: map[string]bool{}}
}

// finish says which names or values no expression has used, after they all were read.
func (p *placeholders) finish() error {
	for _, n := range slices.Sorted(maps.Keys(p.names)) {
		if !p.used[n] {
			return dynamoInvalid("Value provided in ExpressionAttributeNames unused in expressions: keys: {%s}", n)
		}
	}
	for _, n := range sortedKeys(p.values) {
		if !p.used[n] {
			return dynamoInvalid("Value provided in ExpressionAttributeValues unused in expressions: keys: {%s}", n)
		}
	}
	return nil
}

var dynamoWord = regexp.MustCompile(`^(?:[#:]?[A-Za-z0-9_]+|<>|<=|>=|[=<>(),+.\-\[\]])`)

// parser reads one expression.
type parser struct {
	*placeholders
	kind   string // "ConditionExpression", for errors
	tokens []string
	err    error // the first; after it the parser reads nothing more
}

func (p *placeholders) parser(kind, expression string) *parser {
	r := &parser{placeholders: p, kind: kind}
	if strings.TrimSpace(expression) == "" {
		r.fail("The expression can not be empty;")
	}
	for rest := strings.TrimSpace(expression); rest != ""; rest = strings.TrimSpace(rest) {
		token := dynamoWord.FindString(rest)
		if token == "" {
			r.fail(fmt.Sprintf("Syntax error; token: %q, near: %q", rest[:1], rest))
			break
		}
		r.tokens, rest = append(r.tokens, token), rest[len(token):]
	}
	return r
}

func (r *parser) fail(text string) {
	if r.err == nil {
		r.err, r.tokens = dynamoInvalid("Invalid %s: %s", r.kind, text), nil
	}
}

func (r *parser) unsimulated(what string) {
	if r.err == nil {
		r.err, r.tokens = unsimulatedDynamo(r.kind+": "+what), nil
	}
}

// peek is the next token, "" at the end.
func (r *parser) peek() string {
	if len(r.tokens) == 0 {
		return ""
	}
	return r.tokens[0]
}

func (r *parser) next() string {
	token := r.peek()
	if token != "" {
		r.tokens = r.tokens[1:]
	}
	return token
}

// is takes the next token if it is this word or sign.
func (r *parser) is(word string) bool {
	if !strings.EqualFold(r.peek(), word) || r.err != nil {
		return false
	}
	r.next()
	return true
}

func (r *parser) want(sign string) {
	if !r.is(sign) {
		r.fail(fmt.Sprintf("Syntax error; token: %q, near: %q", r.peek(), strings.Join(r.tokens[:min(3, len(r.tokens))], " ")))
	}
}

// end is the parser's error, also where something is left.
func (r *parser) end() error {
	if r.err == nil && r.peek() != "" {
		r.fail(fmt.Sprintf("Syntax error; token: %q, near: %q", r.peek(), strings.Join(r.tokens[:min(3, len(r.tokens))], " ")))
	}
	return r.err
}

// path takes an attribute's name.
func (r *parser) path() string {
	name := r.next()
	switch {
	case r.err != nil:
		return ""
	case strings.HasPrefix(name, "#"):
		real, ok := r.names[name]
		if !ok {
			r.fail("An expression attribute name used in the document path is not defined; attribute name: " + name)
		}
		r.used[name], name = true, real
	case name == "" || !isName(name):
		r.fail(fmt.Sprintf("Syntax error; token: %q, near: %q", name, name))
	case reservedWord(name):
		r.fail("Attribute name is a reserved keyword; reserved keyword: " + name)
	}
	if next := r.peek(); next == "." || next == "[" {
		r.unsimulated("a path into an attribute")
	}
	return name
}

func isName(token string) bool {
	c := token[0]
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// value takes a placeholder of a value.
func (r *parser) value() types.AttributeValue {
	name := r.next()
	if r.err != nil {
		return nil
	}
	v, ok := r.values[name]
	if !strings.HasPrefix(name, ":") || !ok {
		r.fail("An expression attribute value used in expression is not defined; attribute value: " + name)
		return nil
	}
	r.used[name] = true
	if err := normal(v); err != nil && r.err == nil {
		r.err = err
	}
	return v
}

// operand is an attribute's value or a given one, read from an item when it is needed; nil where there is none.
type operand func(dynamoItem) types.AttributeValue

func (r *parser) operand() operand {
	if strings.HasPrefix(r.peek(), ":") {
		v := r.value()
		return func(dynamoItem) types.AttributeValue { return v }
	}
	if len(r.tokens) > 1 && r.tokens[1] == "(" {
		r.unsimulated("the function " + r.peek())
	}
	name := r.path()
	return func(i dynamoItem) types.AttributeValue { return i[name] }
}

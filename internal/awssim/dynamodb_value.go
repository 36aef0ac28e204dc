package awssim

import (
	"encoding/json"
	"fmt"
	"math/big"
	"reflect"
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// dynamoItem is an item's attributes. It keeps itself as JSON in DynamoDB's own form.
type dynamoItem map[string]types.AttributeValue

// dynamoWire is an attribute value in JSON.
type dynamoWire struct {
	S    *string               `json:",omitempty"`
	N    *string               `json:",omitempty"`
	B    *[]byte               `json:",omitempty"`
	BOOL *bool                 `json:",omitempty"`
	NULL *bool                 `json:",omitempty"`
	M    map[string]dynamoWire `json:",omitempty"`
	L    *[]dynamoWire         `json:",omitempty"`
	SS   []string              `json:",omitempty"`
	NS   []string              `json:",omitempty"`
	BS   [][]byte              `json:",omitempty"`
}

// MarshalJSON implements json.Marshaler.
func (i dynamoItem) MarshalJSON() ([]byte, error) {
	wire := make(map[string]dynamoWire, len(i))
	for name, v := range i {
		wire[name] = toWire(v)
	}
	return json.Marshal(wire)
}

// UnmarshalJSON implements json.Unmarshaler.
func (i *dynamoItem) UnmarshalJSON(raw []byte) error {
	var wire map[string]dynamoWire
	if err := json.Unmarshal(raw, &wire); err != nil {
		return err
	}
	*i = dynamoItem{}
	for name, w := range wire {
		(*i)[name] = fromWire(w)
	}
	return nil
}

func toWire(v types.AttributeValue) dynamoWire {
	switch v := v.(type) {
	case *types.AttributeValueMemberS:
		return dynamoWire{S: &v.Value}
	case *types.AttributeValueMemberN:
		return dynamoWire{N: &v.Value}
	case *types.AttributeValueMemberB:
		return dynamoWire{B: &v.Value}
	case *types.AttributeValueMemberBOOL:
		return dynamoWire{BOOL: &v.Value}
	case *types.AttributeValueMemberNULL:
		return dynamoWire{NULL: &v.Value}
	case *types.AttributeValueMemberM:
		m := map[string]dynamoWire{}
		for name, e := range v.Value {
			m[name] = toWire(e)
		}
		return dynamoWire{M: m}
	case *types.AttributeValueMemberL:
		l := make([]dynamoWire, 0, len(v.Value))
		for _, e := range v.Value {
			l = append(l, toWire(e))
		}
		return dynamoWire{L: &l}
	case *types.AttributeValueMemberSS:
		return dynamoWire{SS: v.Value}
	case *types.AttributeValueMemberNS:
		return dynamoWire{NS: v.Value}
	case *types.AttributeValueMemberBS:
		return dynamoWire{BS: v.Value}
	}
	return dynamoWire{}
}

func fromWire(w dynamoWire) types.AttributeValue {
	switch {
	case w.S != nil:
		return &types.AttributeValueMemberS{Value: *w.S}
	case w.N != nil:
		return &types.AttributeValueMemberN{Value: *w.N}
	case w.B != nil:
		return &types.AttributeValueMemberB{Value: *w.B}
	case w.BOOL != nil:
		return &types.AttributeValueMemberBOOL{Value: *w.BOOL}
	case w.NULL != nil:
		return &types.AttributeValueMemberNULL{Value: *w.NULL}
	case w.L != nil:
		l := &types.AttributeValueMemberL{Value: []types.AttributeValue{}}
		for _, e := range *w.L {
			l.Value = append(l.Value, fromWire(e))
		}
		return l
	case w.SS != nil:
		return &types.AttributeValueMemberSS{Value: w.SS}
	case w.NS != nil:
		return &types.AttributeValueMemberNS{Value: w.NS}
	case w.BS != nil:
		return &types.AttributeValueMemberBS{Value: w.BS}
	}
	m := &types.AttributeValueMemberM{Value: map[string]types.AttributeValue{}}
	for name, e := range w.M {
		m.Value[name] = fromWire(e)
	}
	return m
}

// cloned is a copy that shares nothing: of what comes in, and of what goes out.
func (i dynamoItem) cloned() dynamoItem {
	if i == nil {
		return nil
	}
	out := make(dynamoItem, len(i))
	for name, v := range i {
		out[name] = fromWire(clone(toWire(v)))
	}
	return out
}

// decimal is the form of numbers that the simulation takes; DynamoDB takes 38 digits, and exponents.
var decimal = regexp.MustCompile(`^[+-]?[0-9]{1,38}(\.[0-9]{1,38})?$`)

// dynamoNumber is the value of a number that decimal matches.
func dynamoNumber(s string) *big.Rat {
	n, ok := new(big.Rat).SetString(s)
	if !ok {
		return new(big.Rat)
	}
	return n
}

// plain is a number as DynamoDB gives it back: without zeros in front or behind.
func plain(n *big.Rat) string {
	if n.IsInt() {
		return n.Num().String()
	}
	return strings.TrimRight(n.FloatString(38), "0")
}

// normal checks a value and brings its numbers into DynamoDB's form.
func normal(v types.AttributeValue) error {
	switch v := v.(type) {
	case *types.AttributeValueMemberN:
		if !decimal.MatchString(v.Value) {
			return dynamoInvalid("The parameter cannot be converted to a numeric value: %s", v.Value)
		}
		v.Value = plain(dynamoNumber(v.Value))
	case *types.AttributeValueMemberM:
		for _, e := range v.Value {
			if err := normal(e); err != nil {
				return err
			}
		}
	case *types.AttributeValueMemberL:
		for _, e := range v.Value {
			if err := normal(e); err != nil {
				return err
			}
		}
	case *types.AttributeValueMemberSS, *types.AttributeValueMemberNS, *types.AttributeValueMemberBS:
		return unsimulatedDynamo("a set")
	case nil:
		return dynamoInvalid("Supplied AttributeValue is empty, must contain exactly one of the supported datatypes")
	}
	return nil
}

// dynamoType is the letter of a value's type, as keys are declared with.
func dynamoType(v types.AttributeValue) types.ScalarAttributeType {
	switch v.(type) {
	case *types.AttributeValueMemberS:
		return types.ScalarAttributeTypeS
	case *types.AttributeValueMemberN:
		return types.ScalarAttributeTypeN
	case *types.AttributeValueMemberB:
		return types.ScalarAttributeTypeB
	}
	return types.ScalarAttributeType(strings.TrimPrefix(reflect.TypeOf(v).Elem().Name(), "AttributeValueMember"))
}

// dynamoText is a key value in a form that differs for different values.
func dynamoText(v types.AttributeValue) string {
	switch v := v.(type) {
	case *types.AttributeValueMemberS:
		return fmt.Sprintf("%q", v.Value)
	case *types.AttributeValueMemberN:
		return v.Value
	case *types.AttributeValueMemberB:
		return fmt.Sprintf("%x", v.Value)
	}
	return ""
}

// dynamoSize is what a value counts for, by DynamoDB's rules.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
func dynamoSize(v types.AttributeValue) int {
	switch v := v.(type) {
	case *types.AttributeValueMemberS:
		return len(v.Value)
	case *types.AttributeValueMemberN:
		return len(strings.Trim(v.Value, "-.0"))/2 + 2
	case *types.AttributeValueMemberB:
		return len(v.Value)
	case *types.AttributeValueMemberM:
		n := 3
		for name, e := range v.Value {
			n += 1 + len(name) + dynamoSize(e)
		}
		return n
	case *types.AttributeValueMemberL:
		n := 3
		for _, e := range v.Value {
			n += 1 + dynamoSize(e)
		}
		return n
	}
	return 1
}

func (i dynamoItem) size() int {
	n := 0
	for name, v := range i {
		n += len(name) + dynamoSize(v)
	}
	return n
}

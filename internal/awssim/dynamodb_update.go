package awssim

import (
	"math/big"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// change is one part of an UpdateExpression. It reads the item as it was and writes the item that is to be.
type change struct {
	attribute string
	apply     func(was, is dynamoItem) error
}

// update reads an UpdateExpression; nil makes no change.
func (p *placeholders) update(t *dynamoTable, expression *string) ([]change, error) {
	if expression == nil {
		return nil, nil
	}
	r := p.parser("UpdateExpression", *expression)
	var changes []change
	seen := map[string]bool{}
	for r.err == nil && r.peek() != "" {
		section := ""
		for _, name := range []string{"SET", "REMOVE", "ADD", "DELETE"} {
			if r.is(name) {
				section = name
			}
		}
		switch {
		case section == "" || seen[section]:
			r.fail("Syntax error; token: \"" + r.peek() + "\"")
		case section == "DELETE":
			r.unsimulated("DELETE")
		}
		seen[section] = true
		for more := true; more && r.err == nil; more = r.is(",") {
			changes = append(changes, r.change(section))
		}
	}
	if err := r.end(); err != nil {
		return nil, err
	}
	return changes, t.checkChanges(changes)
}

// checkChanges refuses changes of the key, and two of one attribute.
func (t *dynamoTable) checkChanges(changes []change) error {
	for n, c := range changes {
		if slices.Contains(t.Key.names(), c.attribute) {
			return dynamoInvalid("One or more parameter values were invalid: Cannot update attribute %s. This attribute is part of the key", c.attribute)
		}
		if slices.ContainsFunc(changes[:n], func(b change) bool { return b.attribute == c.attribute }) {
			return dynamoInvalid("Invalid UpdateExpression: Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [%s], path two: [%s]", c.attribute, c.attribute)
		}
	}
	return nil
}

func (r *parser) change(section string) change {
	name := r.path()
	switch section {
	case "REMOVE":
		return change{name, func(_, is dynamoItem) error { delete(is, name); return nil }}
	case "ADD":
		by := r.value()
		return change{name, func(was, is dynamoItem) error {
			old := was[name]
			if old == nil {
				old = &types.AttributeValueMemberN{Value: "0"}
			}
			return sum(is, name, old, by, false)
		}}
	default:
		r.want("=")
		return change{name, r.assigned(name)}
	}
}

// assigned reads what SET gives an attribute: an operand, or the sum or difference of two.
func (r *parser) assigned(name string) func(was, is dynamoItem) error {
	a := r.setOperand()
	minus := r.peek() == "-"
	if !r.is("+") && !r.is("-") {
		return func(was, is dynamoItem) error {
			v := a(was)
			if v == nil {
				return dynamoInvalid("The provided expression refers to an attribute that does not exist in the item")
			}
			is[name] = v
			return nil
		}
	}
	b := r.setOperand()
	return func(was, is dynamoItem) error {
		x, y := a(was), b(was)
		if x == nil || y == nil {
			return dynamoInvalid("The provided expression refers to an attribute that does not exist in the item")
		}
		return sum(is, name, x, y, minus)
	}
}

func (r *parser) setOperand() operand {
	if r.peek() != "if_not_exists" {
		return r.operand()
	}
	r.next()
	r.want("(")
	name := r.path()
	r.want(",")
	other := r.operand()
	r.want(")")
	return func(i dynamoItem) types.AttributeValue {
		if v, ok := i[name]; ok {
			return v
		}
		return other(i)
	}
}

func sum(is dynamoItem, name string, a, b types.AttributeValue, minus bool) error {
	x, one := a.(*types.AttributeValueMemberN)
	y, two := b.(*types.AttributeValueMemberN)
	if !one || !two {
		return dynamoInvalid("An operand in the update expression has an incorrect data type")
	}
	n := new(big.Rat)
	if minus {
		n.Sub(dynamoNumber(x.Value), dynamoNumber(y.Value))
	} else {
		n.Add(dynamoNumber(x.Value), dynamoNumber(y.Value))
	}
	is[name] = &types.AttributeValueMemberN{Value: plain(n)}
	return nil
}

package awssim

import (
	"bytes"
	"reflect"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// condition says whether an item meets it; an item that is not there has no attributes.
type condition func(dynamoItem) bool

// condition reads a ConditionExpression; nil for none.
func (p *placeholders) condition(expression *string) (condition, error) {
	if expression == nil {
		return func(dynamoItem) bool { return true }, nil
	}
	r := p.parser("ConditionExpression", *expression)
	c := r.or()
	return c, r.end()
}

func (r *parser) or() condition {
	c := r.and()
	for r.is("OR") {
		left, right := c, r.and()
		c = func(i dynamoItem) bool { return left(i) || right(i) }
	}
	return c
}

func (r *parser) and() condition {
	c := r.not()
	for r.is("AND") {
		left, right := c, r.not()
		c = func(i dynamoItem) bool { return left(i) && right(i) }
	}
	return c
}

func (r *parser) not() condition {
	if r.is("NOT") {
		c := r.not()
		return func(i dynamoItem) bool { return !c(i) }
	}
	if r.is("(") {
		c := r.or()
		r.want(")")
		return c
	}
	if len(r.tokens) > 1 && r.tokens[1] == "(" {
		return r.function()
	}
	return r.comparison()
}

// function reads a function that is a condition. Names of functions are case-sensitive.
func (r *parser) function() condition {
	switch name := r.next(); name {
	case "attribute_exists", "attribute_not_exists":
		r.want("(")
		attribute := r.path()
		r.want(")")
		return func(i dynamoItem) bool {
			_, ok := i[attribute]
			return ok == (name == "attribute_exists")
		}
	case "begins_with":
		r.want("(")
		a := r.operand()
		r.want(",")
		b := r.operand()
		r.want(")")
		return func(i dynamoItem) bool { return beginsWith(a(i), b(i)) }
	default:
		r.unsimulated("the function " + name)
		return nil
	}
}

func beginsWith(v, prefix types.AttributeValue) bool {
	switch v := v.(type) {
	case *types.AttributeValueMemberS:
		p, ok := prefix.(*types.AttributeValueMemberS)
		return ok && strings.HasPrefix(v.Value, p.Value)
	case *types.AttributeValueMemberB:
		p, ok := prefix.(*types.AttributeValueMemberB)
		return ok && bytes.HasPrefix(v.Value, p.Value)
	}
	return false
}

func (r *parser) comparison() condition {
	a := r.operand()
	if r.is("BETWEEN") {
		low := r.operand()
		r.want("AND")
		high := r.operand()
		return func(i dynamoItem) bool { return compares(">=", a(i), low(i)) && compares("<=", a(i), high(i)) }
	}
	sign := r.next()
	switch sign {
	case "=", "<>", "<", "<=", ">", ">=":
	case "IN", "in":
		r.unsimulated("IN")
	default:
		r.fail("Syntax error; token: \"" + sign + "\"")
	}
	b := r.operand()
	return func(i dynamoItem) bool { return compares(sign, a(i), b(i)) }
}

// compares says whether a stands to b as the sign says. What is not there, or of another type, equals nothing and has
// no order.
func compares(sign string, a, b types.AttributeValue) bool {
	if sign == "=" || sign == "<>" {
		equal := a != nil && b != nil && reflect.DeepEqual(a, b)
		return equal == (sign == "=")
	}
	if a == nil || b == nil {
		return false
	}
	order, ok := dynamoCompare(a, b)
	if !ok {
		return false
	}
	switch sign {
	case "<":
		return order < 0
	case "<=":
		return order <= 0
	case ">":
		return order > 0
	default:
		return order >= 0
	}
}

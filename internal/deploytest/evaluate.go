package deploytest

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// The account, Region, partition and stack that Evaluate resolves for.
const (
	Account   = "111122223333"
	Region    = "us-east-1"
	Partition = "aws"
	StackName = "cordon-stack"
)

// Stack is a template resolved for one set of parameters.
type Stack struct {
	Parameters map[string]any      // string, or []any of strings for the lists
	Conditions map[string]bool     //
	Resources  map[string]Resource // by logical id, without those whose condition is false
	Outputs    map[string]any      // the values
}

// errNoValue is AWS::NoValue: what holds it is left out.
var errNoValue = errors.New("AWS::NoValue")

// Evaluate resolves the template's intrinsic functions for the parameters that are given (as on the command line, lists
// with commas) and the defaults of the others. It checks what CloudFormation checks before it creates anything: the
// parameters' types, allowed values and patterns, and the template's Rules. What a resource would only have once it is
// made (its ARN, its name) is made up; see resources.go.
func (tmpl Template) Evaluate(given map[string]string) (*Stack, error) {
	s := &Stack{Parameters: map[string]any{}, Conditions: map[string]bool{}, Resources: map[string]Resource{}, Outputs: map[string]any{}}
	e := &evaluator{tmpl: tmpl, stack: s}
	if err := e.parameters(given); err != nil {
		return nil, err
	}
	for name := range object(tmpl["Conditions"]) {
		if _, err := e.condition(name); err != nil {
			return nil, err
		}
	}
	if err := e.rules(); err != nil {
		return nil, err
	}
	for id, raw := range object(tmpl["Resources"]) {
		r := asResource(raw)
		if r.Condition != "" && !s.Conditions[r.Condition] {
			continue
		}
		properties, err := e.resolve(object(raw)["Properties"])
		if err != nil {
			return nil, fmt.Errorf("resource %s: %w", id, err)
		}
		r.Properties = object(properties)
		s.Resources[id] = r
	}
	for name, raw := range object(tmpl["Outputs"]) {
		if c := text(object(raw)["Condition"]); c != "" && !s.Conditions[c] {
			continue
		}
		v, err := e.resolve(object(raw)["Value"])
		if err != nil {
			return nil, fmt.Errorf("output %s: %w", name, err)
		}
		s.Outputs[name] = v
	}
	return s, nil
}

func (e *evaluator) parameters(given map[string]string) error {
	declared := e.tmpl.Parameters()
	for name := range given {
		if _, ok := declared[name]; !ok {
			return fmt.Errorf("parameter %s: the template has none of this name", name)
		}
	}
	for name, p := range declared {
		v, ok := given[name]
		if !ok {
			if p.Default == nil {
				return fmt.Errorf("parameter %s: has no value", name)
			}
			v = text(p.Default)
		}
		if p.Type != "CommaDelimitedList" {
			if err := p.check(v); err != nil {
				return fmt.Errorf("parameter %s: %w", name, err)
			}
			e.stack.Parameters[name] = v
			continue
		}
		list := []any{}
		for item := range strings.SplitSeq(v, ",") {
			item = strings.TrimSpace(item)
			if err := p.check(item); err != nil {
				return fmt.Errorf("parameter %s: %w", name, err)
			}
			list = append(list, item)
		}
		e.stack.Parameters[name] = list
	}
	return nil
}

// check is CloudFormation's check of one value, or of one value of a list.
func (p Parameter) check(v string) error {
	if len(p.AllowedValues) > 0 && !slices.ContainsFunc(p.AllowedValues, func(a any) bool { return text(a) == v }) {
		return fmt.Errorf("%q is none of %v", v, p.AllowedValues)
	}
	if p.AllowedPattern != "" {
		whole, err := regexp.Compile("^(?:" + p.AllowedPattern + ")$")
		if err != nil {
			return err
		}
		if !whole.MatchString(v) {
			return fmt.Errorf("%q does not match %s", v, p.AllowedPattern)
		}
	}
	if most, ok := number(p.MaxLength); ok && float64(len(v)) > most {
		return fmt.Errorf("it has %d characters, more than %v", len(v), most)
	}
	if p.Type != "Number" {
		return nil
	}
	n, err := strconv.ParseFloat(v, 64)
	if err != nil {
		return fmt.Errorf("%q is no number", v)
	}
	if low, ok := number(p.MinValue); ok && n < low {
		return fmt.Errorf("%v is below %v", n, low)
	}
	if high, ok := number(p.MaxValue); ok && n > high {
		return fmt.Errorf("%v is above %v", n, high)
	}
	return nil
}

func number(v any) (float64, bool) {
	n, err := strconv.ParseFloat(text(v), 64)
	return n, err == nil
}

func (e *evaluator) rules() error {
	for name, raw := range object(e.tmpl["Rules"]) {
		rule := object(raw)
		if c, ok := rule["RuleCondition"]; ok {
			applies, err := e.truth(c)
			if err != nil {
				return fmt.Errorf("rule %s: %w", name, err)
			}
			if !applies {
				continue
			}
		}
		assertions, _ := rule["Assertions"].([]any)
		if len(assertions) == 0 {
			return fmt.Errorf("rule %s: asserts nothing", name)
		}
		for _, a := range assertions {
			holds, err := e.truth(object(a)["Assert"])
			if err != nil {
				return fmt.Errorf("rule %s: %w", name, err)
			}
			if !holds {
				return fmt.Errorf("rule %s: %s", name, text(object(a)["AssertDescription"]))
			}
		}
	}
	return nil
}

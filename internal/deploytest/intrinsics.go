package deploytest

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// evaluator resolves the intrinsic functions of one template. The functions are those that the templates use; another one
// is an error.
type evaluator struct {
	tmpl  Template
	stack *Stack
}

// resolve gives v with every intrinsic function replaced by its value. errNoValue when v itself is AWS::NoValue.
func (e *evaluator) resolve(v any) (any, error) {
	switch v := v.(type) {
	case map[string]any:
		if name, argument, ok := function(v); ok {
			return e.call(name, argument)
		}
		out := map[string]any{}
		for key, item := range v {
			r, err := e.resolve(item)
			switch {
			case errors.Is(err, errNoValue):
			case err != nil:
				return nil, fmt.Errorf("%s: %w", key, err)
			default:
				out[key] = r
			}
		}
		return out, nil
	case []any:
		out := make([]any, 0, len(v))
		for _, item := range v {
			r, err := e.resolve(item)
			switch {
			case errors.Is(err, errNoValue):
			case err != nil:
				return nil, err
			default:
				out = append(out, r)
			}
		}
		return out, nil
	}
	return v, nil
}

// function says whether a map is a call: one key, Ref or Fn::NAME.
func function(m map[string]any) (name string, argument any, ok bool) {
	if len(m) != 1 {
		return "", nil, false
	}
	for key, v := range m {
		name, argument = key, v
	}
	return name, argument, name == "Ref" || strings.HasPrefix(name, "Fn::")
}

func (e *evaluator) call(name string, argument any) (any, error) {
	switch name {
	case "Fn::Sub":
		return e.sub(argument)
	case "Fn::If":
		return e.choose(argument)
	case "Fn::Equals", "Fn::And", "Fn::Or", "Fn::Not":
		return e.truth(map[string]any{name: argument})
	}
	argument, err := e.resolve(argument)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	list, _ := argument.([]any)
	switch {
	case name == "Ref":
		return e.ref(text(argument))
	case name == "Fn::GetAtt" && len(list) == 2:
		return e.attribute(text(list[0]), text(list[1]))
	case name == "Fn::Join" && len(list) == 2:
		return strings.Join(texts(list[1]), text(list[0])), nil
	case name == "Fn::Split" && len(list) == 2:
		var out []any
		for item := range strings.SplitSeq(text(list[1]), text(list[0])) {
			out = append(out, item)
		}
		return out, nil
	case name == "Fn::Select" && len(list) == 2:
		items := texts(list[1])
		n, err := strconv.Atoi(text(list[0]))
		if err != nil || n < 0 || n >= len(items) {
			return nil, fmt.Errorf("Fn::Select: no item %v of %d", list[0], len(items))
		}
		return items[n], nil
	case name == "Fn::FindInMap" && len(list) == 3:
		v, ok := object(object(object(e.tmpl["Mappings"])[text(list[0])])[text(list[1])])[text(list[2])]
		if !ok {
			return nil, fmt.Errorf("Fn::FindInMap: nothing at %v", list)
		}
		return v, nil
	}
	return nil, fmt.Errorf("%s of %v is not understood", name, argument)
}

func texts(v any) []string {
	list, _ := v.([]any)
	out := make([]string, 0, len(list))
	for _, item := range list {
		out = append(out, text(item))
	}
	return out
}

func (e *evaluator) ref(name string) (any, error) {
	pseudo := map[string]string{
		"AWS::AccountId": Account, "AWS::Region": Region, "AWS::Partition": Partition, "AWS::StackName": StackName,
		"AWS::URLSuffix": "amazonaws.com", "AWS::StackId": "arn:aws:cloudformation:" + Region + ":" + Account + ":stack/" + StackName + "/1",
	}
	if v, ok := pseudo[name]; ok {
		return v, nil
	}
	if name == "AWS::NoValue" {
		return nil, errNoValue
	}
	if v, ok := e.stack.Parameters[name]; ok {
		return v, nil
	}
	return e.attribute(name, "Ref")
}

var placeholder = regexp.MustCompile(`\$\{([^}]*)\}`)

// sub resolves Fn::Sub: a text, or a text and its own variables. ${!X} stays as ${X}.
func (e *evaluator) sub(argument any) (any, error) {
	variables := map[string]any{}
	if list, ok := argument.([]any); ok && len(list) == 2 {
		resolved, err := e.resolve(list[1])
		if err != nil {
			return nil, fmt.Errorf("Fn::Sub: %w", err)
		}
		argument, variables = list[0], object(resolved)
	}
	format, ok := argument.(string)
	if !ok {
		return nil, fmt.Errorf("Fn::Sub of a %T", argument)
	}
	var failed error
	used := map[string]bool{}
	out := placeholder.ReplaceAllStringFunc(format, func(match string) string {
		name := strings.TrimSpace(match[2 : len(match)-1])
		if literal, ok := strings.CutPrefix(name, "!"); ok {
			return "${" + literal + "}"
		}
		used[name] = true
		v, own := variables[name]
		var err error
		if resource, attribute, dotted := strings.Cut(name, "."); !own && dotted {
			v, err = e.attribute(resource, attribute)
		} else if !own {
			v, err = e.ref(name)
		}
		if _, list := v.([]any); list && err == nil {
			err = fmt.Errorf("${%s} is a list", name)
		}
		if err != nil && failed == nil {
			failed = fmt.Errorf("Fn::Sub: %w", err)
		}
		return text(v)
	})
	for name := range variables {
		if !used[name] && failed == nil {
			failed = fmt.Errorf("Fn::Sub: variable %s is not used", name)
		}
	}
	return out, failed
}

func (e *evaluator) choose(argument any) (any, error) {
	list, _ := argument.([]any)
	if len(list) != 3 {
		return nil, fmt.Errorf("Fn::If takes a condition and two values, not %v", argument)
	}
	is, err := e.condition(text(list[0]))
	if err != nil {
		return nil, err
	}
	if is {
		return e.resolve(list[1])
	}
	return e.resolve(list[2])
}

func (e *evaluator) condition(name string) (bool, error) {
	if v, ok := e.stack.Conditions[name]; ok {
		return v, nil
	}
	raw, ok := object(e.tmpl["Conditions"])[name]
	if !ok {
		return false, fmt.Errorf("condition %s: there is none", name)
	}
	v, err := e.truth(raw)
	if err != nil {
		return false, fmt.Errorf("condition %s: %w", name, err)
	}
	e.stack.Conditions[name] = v
	return v, nil
}

// truth resolves a condition function.
func (e *evaluator) truth(v any) (bool, error) {
	m := object(v)
	if len(m) != 1 {
		return false, fmt.Errorf("%v is no condition", v)
	}
	if name, ok := m["Condition"]; ok {
		return e.condition(text(name))
	}
	name, argument, _ := function(m)
	list, _ := argument.([]any)
	switch {
	case name == "Fn::Equals" && len(list) == 2:
		a, err := e.resolve(list[0])
		if err != nil {
			return false, err
		}
		b, err := e.resolve(list[1])
		return text(a) == text(b), err
	case name == "Fn::Not" && len(list) == 1:
		is, err := e.truth(list[0])
		return !is, err
	case name == "Fn::And" || name == "Fn::Or":
		for _, item := range list {
			is, err := e.truth(item)
			if err != nil || is == (name == "Fn::Or") {
				return is, err
			}
		}
		return name == "Fn::And", nil
	case name == "Fn::Contains" && len(list) == 2: // in Rules alone
		resolved, err := e.resolve(list)
		if err != nil {
			return false, err
		}
		pair, _ := resolved.([]any)
		return slices.Contains(texts(pair[0]), text(pair[1])), nil
	}
	return false, fmt.Errorf("%s of %v is no condition", name, argument)
}

package deploytest

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const small = `
Parameters:
  Name: {Type: String, Default: box, AllowedPattern: '[a-z]+'}
  Count: {Type: Number, Default: 3, MinValue: 1, MaxValue: 5}
  Items: {Type: CommaDelimitedList, Default: ''}
  On: {Type: String, Default: 'true', AllowedValues: ['true', 'false']}
Conditions:
  IsOn: !Equals [!Ref On, 'true']
  HasItems: !Not [!Equals [!Join ['', !Ref Items], '']]
  Both: !And [!Condition IsOn, !Condition HasItems]
  Either: !Or [Condition: IsOn, Condition: HasItems]
Mappings:
  Sizes: {large: {Memory: 512}}
Rules:
  ItemsNeedOn:
    RuleCondition: !Not [!Equals [!Join ['', !Ref Items], '']]
    Assertions:
      - Assert: !Equals [!Ref On, 'true']
        AssertDescription: Items need On
Resources:
  Bucket:
    Type: AWS::S3::Bucket
    DeletionPolicy: Retain
    Condition: IsOn
    Properties:
      BucketName: !Sub '${Name}-${AWS::Region}-${!literal}'
      Lock: !If [HasItems, !Ref Items, !Ref AWS::NoValue]
      List: [a, !If [HasItems, b, !Ref 'AWS::NoValue']]
  Topic:
    Type: AWS::SNS::Topic
    Properties:
      Text: !Sub
        - '{"bucket": "${Arn}", "items": ${Quoted}, "count": ${Count}}'
        - Arn: !If [IsOn, !GetAtt Bucket.Arn, none]
          Quoted: !If [HasItems, !Sub ['["${Joined}"]', {Joined: !Join ['","', !Ref Items]}], 'null']
      Memory: !FindInMap [Sizes, large, Memory]
      Second: !Select [1, !Split ['/', 'a/b/c']]
Outputs:
  Topic: {Value: !Ref Topic}
  Hidden: {Condition: HasItems, Value: x}
`

func TestEvaluate(t *testing.T) {
	tmpl, err := Parse([]byte(small))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name       string
		parameters map[string]string
		bucket     map[string]any // nil: there is none
		text       string
		err        string
	}{
		{
			"defaults", nil,
			map[string]any{"BucketName": "box-us-east-1-${literal}", "List": []any{"a"}},
			`{"bucket": "arn:aws:s3:::box-us-east-1-${literal}", "items": null, "count": 3}`, "",
		},
		{
			"a list",
			map[string]string{"Items": "x, y", "Name": "b"},
			map[string]any{"BucketName": "b-us-east-1-${literal}", "List": []any{"a", "b"}, "Lock": []any{"x", "y"}},
			`{"bucket": "arn:aws:s3:::b-us-east-1-${literal}", "items": ["x","y"], "count": 3}`, "",
		},
		{"off", map[string]string{"On": "false", "Count": "5"}, nil, `{"bucket": "none", "items": null, "count": 5}`, ""},
		{"pattern", map[string]string{"Name": "UPPER"}, nil, "", "does not match"},
		{"too many", map[string]string{"Count": "6"}, nil, "", "above 5"},
		{"too few", map[string]string{"Count": "0"}, nil, "", "below 1"},
		{"no number", map[string]string{"Count": "x"}, nil, "", "no number"},
		{"not allowed", map[string]string{"On": "yes"}, nil, "", "none of"},
		{"rule", map[string]string{"On": "false", "Items": "x"}, nil, "", "Items need On"},
		{"unknown", map[string]string{"Nope": "x"}, nil, "", "none of this name"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			stack, err := tmpl.Evaluate(tt.parameters)
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) {
					t.Fatalf("error %v, want one with %q", err, tt.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.bucket, stack.Resources["Bucket"].Properties); diff != "" {
				t.Error(diff)
			}
			topic := stack.Resources["Topic"].Properties
			if topic["Text"] != tt.text || topic["Memory"] != int64(512) || topic["Second"] != "b" {
				t.Errorf("topic %v", topic)
			}
			if _, shown := stack.Outputs["Hidden"]; shown != (tt.parameters["Items"] != "") {
				t.Errorf("outputs %v", stack.Outputs)
			}
			if stack.Outputs["Topic"] != "arn:aws:sns:us-east-1:111122223333:cordon-stack-Topic" {
				t.Errorf("outputs %v", stack.Outputs)
			}
		})
	}
}

// TestRefused: a template that CloudFormation would refuse is refused here.
func TestRefused(t *testing.T) {
	for name, tt := range map[string]struct{ template, want string }{
		"unknown name":      {"Resources: {T: {Type: 'AWS::SNS::Topic', Properties: {X: !Ref Nope}}}", "no parameter or resource"},
		"unknown in sub":    {"Resources: {T: {Type: 'AWS::SNS::Topic', Properties: {X: !Sub '${Nope.Arn}'}}}", "no parameter or resource"},
		"unknown attribute": {"Resources: {T: {Type: 'AWS::SNS::Topic', Properties: {X: !GetAtt T.Nope}}}", "not known of AWS::SNS::Topic"},
		"unknown function":  {"Resources: {T: {Type: 'AWS::SNS::Topic', Properties: {X: !Frobnicate y}}}", "not understood"},
		"unknown condition": {"Resources: {T: {Type: 'AWS::SNS::Topic', Properties: {X: !If [Nope, a, b]}}}", "there is none"},
		"unused variable":   {"Resources: {T: {Type: 'AWS::SNS::Topic', Properties: {X: !Sub ['a', {B: c}]}}}", "not used"},
		"resource that is not made": {
			"{Conditions: {No: !Equals [a, b]}, Resources: {B: {Type: 'AWS::S3::Bucket', Condition: No}, T: {Type: 'AWS::SNS::Topic', Properties: {X: !Ref B}}}}",
			"condition No is false",
		},
		"parameter without value": {"Parameters: {P: {Type: String}}", "has no value"},
	} {
		t.Run(name, func(t *testing.T) {
			tmpl, err := Parse([]byte(tt.template))
			if err != nil {
				t.Fatal(err)
			}
			if _, err = tmpl.Evaluate(nil); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one with %q", err, tt.want)
			}
		})
	}
	for name, raw := range map[string]string{"a key twice": "a: 1\na: 2\n", "a key that is null": "Null: {a: b}\n", "a list": "- a\n"} {
		if _, err := Parse([]byte(raw)); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}

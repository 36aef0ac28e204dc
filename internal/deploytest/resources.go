package deploytest

import (
	"fmt"
	"strings"
)

// attribute makes up what Ref and GetAtt give for a resource of the template; the attribute "Ref" is what Ref gives.
// The values have the form that AWS gives them and are the same in every evaluation.
func (e *evaluator) attribute(id, name string) (any, error) {
	raw, ok := object(e.tmpl["Resources"])[id]
	if !ok {
		return nil, fmt.Errorf("%s: the template has no parameter or resource of this name", id)
	}
	r := asResource(raw)
	if r.Condition != "" && !e.stack.Conditions[r.Condition] {
		return nil, fmt.Errorf("%s: is used although its condition %s is false", id, r.Condition)
	}
	forms, ok := attributes[r.Type]
	if !ok {
		return nil, fmt.Errorf("%s: no attributes are known of %s", id, r.Type)
	}
	form, ok := forms[name]
	if !ok {
		return nil, fmt.Errorf("%s: %s is not known of %s", id, name, r.Type)
	}
	physical, err := e.physical(id, r)
	if err != nil {
		return nil, err
	}
	return strings.NewReplacer("NAME", physical, "ACCOUNT", Account, "REGION", Region, "PARTITION", Partition).Replace(form), nil
}

// physical is the resource's name: the one that the template gives it, else one with the stack's name, as AWS does it.
func (e *evaluator) physical(id string, r Resource) (string, error) {
	if key := nameProperty[r.Type]; key != "" {
		if given, ok := r.Properties[key]; ok {
			v, err := e.resolve(given)
			return text(v), err
		}
	}
	if r.Type == "AWS::S3::Bucket" { // lower case only
		return strings.ToLower(StackName + "-" + id), nil
	}
	return StackName + "-" + id, nil
}

// nameProperty is the property that names a resource.
var nameProperty = map[string]string{
	"AWS::DynamoDB::Table": "TableName", "AWS::S3::Bucket": "BucketName", "AWS::SNS::Topic": "TopicName", "AWS::SQS::Queue": "QueueName",
	"AWS::IAM::Role": "RoleName", "AWS::IAM::ManagedPolicy": "ManagedPolicyName", "AWS::IAM::InstanceProfile": "InstanceProfileName", "AWS::Logs::LogGroup": "LogGroupName",
	"AWS::Events::Rule": "Name", "AWS::CloudWatch::Alarm": "AlarmName", "AWS::CloudWatch::Dashboard": "DashboardName",
	"AWS::Serverless::Function": "FunctionName", "AWS::Serverless::StateMachine": "Name", "AWS::KMS::Alias": "AliasName",
	"AWS::Lambda::Function": "FunctionName", "AWS::StepFunctions::StateMachine": "StateMachineName",
}

// attributes are the forms of Ref and of the attributes that the templates use.
var attributes = map[string]map[string]string{
	"AWS::DynamoDB::Table":       {"Ref": "NAME", "Arn": "arn:PARTITION:dynamodb:REGION:ACCOUNT:table/NAME"},
	"AWS::S3::Bucket":            {"Ref": "NAME", "Arn": "arn:PARTITION:s3:::NAME"},
	"AWS::SNS::Topic":            {"Ref": "arn:PARTITION:sns:REGION:ACCOUNT:NAME", "TopicName": "NAME", "TopicArn": "arn:PARTITION:sns:REGION:ACCOUNT:NAME"},
	"AWS::SQS::Queue":            {"Ref": "https://sqs.REGION.amazonaws.com/ACCOUNT/NAME", "Arn": "arn:PARTITION:sqs:REGION:ACCOUNT:NAME", "QueueName": "NAME"},
	"AWS::IAM::Role":             {"Ref": "NAME", "Arn": "arn:PARTITION:iam::ACCOUNT:role/NAME"},
	"AWS::IAM::ManagedPolicy":    {"Ref": "arn:PARTITION:iam::ACCOUNT:policy/NAME"},
	"AWS::IAM::InstanceProfile":  {"Ref": "NAME", "Arn": "arn:PARTITION:iam::ACCOUNT:instance-profile/NAME"},
	"AWS::Logs::LogGroup":        {"Ref": "NAME", "Arn": "arn:PARTITION:logs:REGION:ACCOUNT:log-group:NAME:*"},
	"AWS::Events::Rule":          {"Ref": "NAME", "Arn": "arn:PARTITION:events:REGION:ACCOUNT:rule/NAME"},
	"AWS::CloudWatch::Alarm":     {"Ref": "NAME", "Arn": "arn:PARTITION:cloudwatch:REGION:ACCOUNT:alarm:NAME"},
	"AWS::CloudWatch::Dashboard": {"Ref": "NAME"},
	"AWS::KMS::Key":              {"Ref": "NAME", "KeyId": "NAME", "Arn": "arn:PARTITION:kms:REGION:ACCOUNT:key/NAME"},
	"AWS::KMS::Alias":            {"Ref": "NAME"},

	// As written, and as SAM translates it.
	"AWS::Serverless::Function":        functionForms,
	"AWS::Lambda::Function":            functionForms,
	"AWS::Serverless::StateMachine":    stateMachineForms,
	"AWS::StepFunctions::StateMachine": stateMachineForms,
}

var (
	functionForms     = map[string]string{"Ref": "NAME", "Arn": "arn:PARTITION:lambda:REGION:ACCOUNT:function:NAME"}
	stateMachineForms = map[string]string{
		"Ref": "arn:PARTITION:states:REGION:ACCOUNT:stateMachine:NAME", "Arn": "arn:PARTITION:states:REGION:ACCOUNT:stateMachine:NAME", "Name": "NAME",
	}
)

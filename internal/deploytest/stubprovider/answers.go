package main

const (
	account = "111122223333"
	region  = "us-east-1"
	at      = ":" + region + ":" + account + ":"
)

// resources gives the form of what AWS computes, by type and attribute; {name} is that attribute's value.
var resources = map[string]map[string]string{
	"aws_cloudwatch_dashboard":    {"dashboard_arn": "arn:aws:cloudwatch::" + account + ":dashboard/{dashboard_name}"},
	"aws_cloudwatch_event_rule":   {"arn": "arn:aws:events" + at + "rule/{name}"},
	"aws_cloudwatch_log_group":    {"arn": "arn:aws:logs" + at + "log-group:{name}"},
	"aws_cloudwatch_metric_alarm": {"arn": "arn:aws:cloudwatch" + at + "alarm:{alarm_name}", "id": "{alarm_name}"},
	"aws_dynamodb_table":          {"arn": "arn:aws:dynamodb" + at + "table/{name}", "id": "{name}"},
	"aws_iam_instance_profile":    {"arn": "arn:aws:iam::" + account + ":instance-profile/{name}", "id": "{name}"},
	"aws_iam_policy":              {"arn": "arn:aws:iam::" + account + ":policy/{name}", "id": "arn:aws:iam::" + account + ":policy/{name}"},
	"aws_iam_role":                {"arn": "arn:aws:iam::" + account + ":role/{name}", "id": "{name}"},
	"aws_kms_key": {
		"arn":    "arn:aws:kms" + at + "key/11112222-3333-4444-5555-666677778888",
		"key_id": "11112222-3333-4444-5555-666677778888", "id": "11112222-3333-4444-5555-666677778888",
	},
	"aws_lambda_function":   {"arn": "arn:aws:lambda" + at + "function:{function_name}", "id": "{function_name}"},
	"aws_s3_bucket":         {"arn": "arn:aws:s3:::{bucket}", "id": "{bucket}"},
	"aws_sfn_state_machine": {"arn": "arn:aws:states" + at + "stateMachine:{name}", "id": "arn:aws:states" + at + "stateMachine:{name}"},
	"aws_sns_topic":         {"arn": "arn:aws:sns" + at + "{name}", "id": "arn:aws:sns" + at + "{name}"},
	"aws_sqs_queue": {
		"arn": "arn:aws:sqs" + at + "{name}",
		"url": "https://sqs." + region + ".amazonaws.com/" + account + "/{name}",
		"id":  "https://sqs." + region + ".amazonaws.com/" + account + "/{name}",
	},
}

// data gives what the data sources answer.
var data = map[string]map[string]string{
	"aws_caller_identity": {"account_id": account, "id": account, "arn": "arn:aws:iam::" + account + ":root", "user_id": account},
	"aws_partition":       {"partition": "aws", "id": "aws", "dns_suffix": "amazonaws.com", "reverse_dns_prefix": "com.amazonaws"},
	"aws_region":          {"region": region, "name": region, "id": region, "endpoint": "ec2." + region + ".amazonaws.com"},
}

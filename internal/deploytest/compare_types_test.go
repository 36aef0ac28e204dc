package deploytest

import "strings"

// props are properties as CloudFormation names them. Keys in parentheses tie a part of a resource to it, and are compared
// among the Terraform resources that make one of CloudFormation's.
type props = map[string]any

// translate gives, for a type of the Terraform provider, the CloudFormation type that it is (a part of) and its
// properties.
var translate = map[string]struct {
	cfn  string
	read func(r *reader) props
}{
	"aws_kms_key": {"AWS::KMS::Key", func(r *reader) props {
		return props{
			"Description": r.get("description"), "EnableKeyRotation": r.get("enable_key_rotation"), "KeyPolicy": r.get("policy"),
			"PendingWindowInDays": r.get("deletion_window_in_days"), "Tags": r.get("tags"),
		}
	}},
	"aws_kms_alias": {"AWS::KMS::Alias", func(r *reader) props {
		return props{"AliasName": r.get("name"), "TargetKeyId": r.get("target_key_id")}
	}},
	"aws_sns_topic": {"AWS::SNS::Topic", func(r *reader) props {
		return props{"TopicName": r.get("name"), "KmsMasterKeyId": r.get("kms_master_key_id"), "Tags": r.get("tags")}
	}},
	"aws_sns_topic_subscription": {"AWS::SNS::Subscription", func(r *reader) props {
		return props{"TopicArn": r.get("topic_arn"), "Protocol": r.get("protocol"), "Endpoint": r.get("endpoint")}
	}},
	"aws_sqs_queue": {"AWS::SQS::Queue", func(r *reader) props {
		return props{
			"QueueName": r.get("name"), "MessageRetentionPeriod": r.get("message_retention_seconds"),
			"SqsManagedSseEnabled": r.get("sqs_managed_sse_enabled"), "Tags": r.get("tags"),
		}
	}},
	"aws_sqs_queue_policy": {"AWS::SQS::QueuePolicy", func(r *reader) props {
		return props{"Queues": []any{r.get("queue_url")}, "PolicyDocument": r.get("policy")}
	}},
	"aws_cloudwatch_event_rule": {"AWS::Events::Rule", func(r *reader) props {
		name := r.get("name")
		return props{
			"Name": name, "(rule)": name, "Description": r.get("description"), "EventPattern": r.get("event_pattern"), "Tags": r.get("tags"),
		}
	}},
	"aws_cloudwatch_event_target": {"AWS::Events::Rule", func(r *reader) props {
		retry, dead := r.block("retry_policy"), r.block("dead_letter_config")
		return props{"(rule)": r.get("rule"), "Targets": []any{props{
			"Id": r.get("target_id"), "Arn": r.get("arn"), "RoleArn": r.get("role_arn"),
			"RetryPolicy": props{
				"MaximumEventAgeInSeconds": retry.get("maximum_event_age_in_seconds"), "MaximumRetryAttempts": retry.get("maximum_retry_attempts"),
			},
			"DeadLetterConfig": props{"Arn": dead.get("arn")},
		}}}
	}},
	"aws_iam_role": {"AWS::IAM::Role", func(r *reader) props {
		name := r.get("name")
		return props{
			"RoleName": name, "(role)": name, "Description": r.get("description"), "Tags": r.get("tags"),
			"AssumeRolePolicyDocument": r.get("assume_role_policy"), "MaxSessionDuration": r.get("max_session_duration"),
		}
	}},
	"aws_iam_role_policy": {"AWS::IAM::Role", func(r *reader) props {
		return props{"(role)": r.get("role"), "Policies": []any{props{"PolicyName": r.get("name"), "PolicyDocument": r.get("policy")}}}
	}},
	"aws_iam_policy": {"AWS::IAM::ManagedPolicy", func(r *reader) props {
		return props{
			"ManagedPolicyName": r.get("name"), "Description": r.get("description"), "PolicyDocument": r.get("policy"),
		}
	}},
	"aws_iam_role_policy_attachment": {"AWS::IAM::Role", func(r *reader) props {
		return props{"(role)": r.get("role"), "ManagedPolicyArns": []any{r.get("policy_arn")}}
	}},
	"aws_iam_instance_profile": {"AWS::IAM::InstanceProfile", func(r *reader) props {
		return props{"InstanceProfileName": r.get("name"), "Roles": []any{r.get("role")}, "Tags": r.get("tags")}
	}},
	"aws_cloudwatch_log_group": {"AWS::Logs::LogGroup", func(r *reader) props {
		return props{"LogGroupName": r.get("name"), "RetentionInDays": r.get("retention_in_days"), "Tags": r.get("tags")}
	}},
	"aws_sfn_state_machine": {"AWS::Serverless::StateMachine", func(r *reader) props {
		log := r.block("logging_configuration")
		return props{
			"Name": r.get("name"), "Type": r.get("type"), "Definition": r.get("definition"), "Role": r.get("role_arn"), "Tags": r.get("tags"),
			"Logging": props{
				"Level": log.get("level"), "IncludeExecutionData": log.get("include_execution_data"),
				"Destinations": []any{props{"CloudWatchLogsLogGroup": props{"LogGroupArn": log.get("log_destination")}}},
			},
		}
	}},
	"aws_lambda_function": {"AWS::Serverless::Function", func(r *reader) props {
		environment, log := r.block("environment"), r.block("logging_config")
		return props{
			"FunctionName": r.get("function_name"), "Description": r.get("description"), "Handler": r.get("handler"),
			"Runtime": r.get("runtime"), "Architectures": r.get("architectures"), "MemorySize": r.get("memory_size"),
			"Timeout": r.get("timeout"), "Role": r.get("role"), "Tags": r.get("tags"), "CodeUri": r.get("filename"), "(hash)": r.get("source_code_hash"),
			"Environment":   props{"Variables": environment.get("variables")},
			"LoggingConfig": props{"LogFormat": log.get("log_format"), "LogGroup": log.get("log_group")},
		}
	}},
	"aws_dynamodb_table": {"AWS::DynamoDB::Table", func(r *reader) props {
		return props{
			"TableName": r.get("name"), "BillingMode": r.get("billing_mode"), "Tags": r.get("tags"),
			"AttributeDefinitions": attributeDefinitions(r), "KeySchema": keySchema(r), "GlobalSecondaryIndexes": indexes(r),
			"DeletionProtectionEnabled": r.get("deletion_protection_enabled"),
			"PointInTimeRecoverySpecification": props{
				"PointInTimeRecoveryEnabled": r.block("point_in_time_recovery").get("enabled"),
			},
			"SSESpecification": encryption(r.block("server_side_encryption")), "TimeToLiveSpecification": timeToLive(r.block("ttl")),
		}
	}},
	"aws_cloudwatch_metric_alarm": {"AWS::CloudWatch::Alarm", func(r *reader) props {
		return props{
			"AlarmName": r.get("alarm_name"), "AlarmDescription": r.get("alarm_description"), "Namespace": r.get("namespace"),
			"MetricName": r.get("metric_name"), "Dimensions": r.get("dimensions"), "Statistic": r.get("statistic"),
			"ComparisonOperator": r.get("comparison_operator"), "Threshold": r.get("threshold"), "Period": r.get("period"),
			"EvaluationPeriods": r.get("evaluation_periods"), "TreatMissingData": r.get("treat_missing_data"),
			"AlarmActions": r.get("alarm_actions"), "Tags": r.get("tags"),
		}
	}},
	"aws_cloudwatch_dashboard": {"AWS::CloudWatch::Dashboard", func(r *reader) props {
		return props{"DashboardName": r.get("dashboard_name"), "DashboardBody": r.get("dashboard_body")}
	}},
	"aws_s3_bucket": {"AWS::S3::Bucket", func(r *reader) props {
		name, lock := r.get("bucket"), r.get("object_lock_enabled")
		if lock == false {
			lock = nil
		}
		return props{
			"BucketName": name, "(bucket)": name, "ObjectLockEnabled": lock, "(emptied with the stack)": r.get("force_destroy"), "Tags": r.get("tags"),
		}
	}},
	"aws_s3_bucket_versioning": {"AWS::S3::Bucket", func(r *reader) props {
		return props{
			"(bucket)": r.get("bucket"), "VersioningConfiguration": props{"Status": r.block("versioning_configuration").get("status")},
		}
	}},
	"aws_s3_bucket_public_access_block": {"AWS::S3::Bucket", func(r *reader) props {
		return props{"(bucket)": r.get("bucket"), "PublicAccessBlockConfiguration": props{
			"BlockPublicAcls": r.get("block_public_acls"), "BlockPublicPolicy": r.get("block_public_policy"),
			"IgnorePublicAcls": r.get("ignore_public_acls"), "RestrictPublicBuckets": r.get("restrict_public_buckets"),
		}}
	}},
	"aws_s3_bucket_ownership_controls": {"AWS::S3::Bucket", func(r *reader) props {
		return props{"(bucket)": r.get("bucket"), "OwnershipControls": props{
			"Rules": []any{props{"ObjectOwnership": r.block("rule").get("object_ownership")}},
		}}
	}},
	"aws_s3_bucket_server_side_encryption_configuration": {"AWS::S3::Bucket", func(r *reader) props {
		rule := r.block("rule")
		by := rule.block("apply_server_side_encryption_by_default")
		return props{"(bucket)": r.get("bucket"), "BucketEncryption": props{"ServerSideEncryptionConfiguration": []any{props{
			"BucketKeyEnabled": rule.get("bucket_key_enabled"),
			"ServerSideEncryptionByDefault": props{
				"SSEAlgorithm": by.get("sse_algorithm"), "KMSMasterKeyID": by.get("kms_master_key_id"),
			},
		}}}}
	}},
	"aws_s3_bucket_lifecycle_configuration": {"AWS::S3::Bucket", func(r *reader) props {
		return props{"(bucket)": r.get("bucket"), "LifecycleConfiguration": props{"Rules": lifecycleRules(r)}}
	}},
	"aws_s3_bucket_object_lock_configuration": {"AWS::S3::Bucket", func(r *reader) props {
		by := r.block("rule").block("default_retention")
		return props{"(bucket)": r.get("bucket"), "ObjectLockConfiguration": props{
			"ObjectLockEnabled": "Enabled", "Rule": props{"DefaultRetention": props{"Mode": by.get("mode"), "Days": by.get("days")}},
		}}
	}},
	"aws_s3_bucket_policy": {"AWS::S3::BucketPolicy", func(r *reader) props {
		return props{"Bucket": r.get("bucket"), "PolicyDocument": r.get("policy")}
	}},
}

func attributeDefinitions(r *reader) []any {
	var out []any
	for _, a := range r.every("attribute") {
		out = append(out, props{"AttributeName": a.get("name"), "AttributeType": a.get("type")})
	}
	return out
}

func keySchema(r *reader) []any {
	return []any{
		props{"AttributeName": r.get("hash_key"), "KeyType": "HASH"}, props{"AttributeName": r.get("range_key"), "KeyType": "RANGE"},
	}
}

func indexes(r *reader) []any {
	var out []any
	for _, index := range r.every("global_secondary_index") {
		out = append(out, props{
			"IndexName": index.get("name"), "KeySchema": keySchema(index), "Projection": props{"ProjectionType": index.get("projection_type")},
		})
	}
	return out
}

func encryption(r *reader) props {
	out := props{"SSEEnabled": r.get("enabled"), "KMSMasterKeyId": r.get("kms_key_arn")}
	if out["KMSMasterKeyId"] != nil {
		out["SSEType"] = "KMS"
	}
	return out
}

func timeToLive(r *reader) props {
	return props{"AttributeName": r.get("attribute_name"), "Enabled": r.get("enabled")}
}

func lifecycleRules(r *reader) []any {
	var out []any
	for _, rule := range r.every("rule") {
		one := props{"Id": rule.get("id"), "Status": rule.get("status"), "Prefix": rule.block("filter").get("prefix")}
		var transitions []any
		for _, tr := range rule.every("transition") {
			transitions = append(transitions, props{"StorageClass": tr.get("storage_class"), "TransitionInDays": tr.get("days")})
		}
		if transitions != nil {
			one["Transitions"] = transitions
		}
		if b := rule.block("abort_incomplete_multipart_upload"); !b.empty() {
			one["AbortIncompleteMultipartUpload"] = props{"DaysAfterInitiation": b.get("days_after_initiation")}
		}
		one["ExpirationInDays"] = rule.block("expiration").get("days")
		if b := rule.block("noncurrent_version_expiration"); !b.empty() {
			one["NoncurrentVersionExpiration"] = props{"NoncurrentDays": b.get("noncurrent_days")}
		}
		out = append(out, one)
	}
	return out
}

// camel is a Terraform name as CloudFormation writes it: dead_letter → DeadLetter.
func camel(name string) string {
	var b strings.Builder
	for word := range strings.SplitSeq(name, "_") {
		b.WriteString(strings.ToUpper(word[:1]) + word[1:])
	}
	return b.String()
}

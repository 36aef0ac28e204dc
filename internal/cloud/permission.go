package cloud

import "strings"

// IAMAction names the IAM action that AWS checks for an operation of a service (the SDK's service id), such as
// "ec2:DescribeInstances". Source: the Service Authorization Reference.
func IAMAction(service, operation string) string {
	if service == "S3" {
		operation = s3Action(operation)
	}
	if service == "SQS" {
		operation = strings.TrimSuffix(operation, "Batch") // a batch asks what one of it asks
	}
	return iamPrefix(service) + ":" + operation
}

func iamPrefix(service string) string {
	switch service {
	case "EC2":
		return "ec2"
	case "IAM":
		return "iam"
	case "S3":
		return "s3"
	case "SSM":
		return "ssm"
	case "STS":
		return "sts"
	case "DynamoDB":
		return "dynamodb"
	case "GuardDuty":
		return "guardduty"
	case "SecurityHub":
		return "securityhub"
	case "SNS":
		return "sns"
	case "SQS":
		return "sqs"
	case "SFN":
		return "states"
	case "Secrets Manager":
		return "secretsmanager"
	case "Auto Scaling":
		return "autoscaling"
	case "Elastic Load Balancing", "Elastic Load Balancing v2":
		return "elasticloadbalancing"
	default:
		return service
	}
}

// s3Action maps the S3 operations whose IAM action has another name.
func s3Action(operation string) string {
	switch operation {
	case "HeadObject":
		return "GetObject"
	case "HeadBucket", "ListObjectsV2":
		return "ListBucket"
	case "CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload":
		return "PutObject"
	case "ListParts":
		return "ListMultipartUploadParts"
	case "ListMultipartUploads":
		return "ListBucketMultipartUploads"
	case "GetPublicAccessBlock":
		return "GetBucketPublicAccessBlock"
	case "PutPublicAccessBlock", "DeletePublicAccessBlock":
		return "PutBucketPublicAccessBlock"
	case "GetObjectLockConfiguration", "PutObjectLockConfiguration":
		return operation[:3] + "Bucket" + operation[3:]
	default:
		return operation
	}
}

package permissions

// Tags that Cordon puts on what it makes; caseTag also on the instance.
const (
	caseTag     = "cordon:case"
	instanceTag = "cordon:instance"
	deviceTag   = "cordon:device"
	nameTag     = "Name"
)

// ec2ARN is an EC2 resource of the account in any Region; a finding's Region is where it is answered.
func ec2ARN(resource string) string { return "arn:${Partition}:ec2:*:${Account}:" + resource }

const snapshots = "arn:${Partition}:ec2:*::snapshot/*" // a snapshot's ARN has no account

// something is a value of a tag that is not empty.
var something = Words{"?*"}

// tagged wants the tag on what the call is about; bringing, in the call itself, and no tags but those named.
func tagged() Conditions { return Conditions{"StringLike": {"aws:ResourceTag/" + caseTag: something}} }

func bringing(keys ...string) Conditions {
	return Conditions{
		"StringLike":                {"aws:RequestTag/" + caseTag: something},
		"ForAllValues:StringEquals": {"aws:TagKeys": keys},
	}
}

// ec2Scopes are on instances and what belongs to them.
func ec2Scopes() []Statement {
	return []Statement{
		{
			Sid: "Look", Apart: true, Scope: "any resource: IAM knows none for these reads",
			Action: Words{
				"autoscaling:DescribeAutoScalingGroups", "autoscaling:DescribeAutoScalingInstances",
				"ec2:DescribeIamInstanceProfileAssociations", "ec2:DescribeInstances", "ec2:DescribeNetworkAcls",
				"ec2:DescribeNetworkInterfaces", "ec2:DescribePrefixLists", "ec2:DescribeRouteTables", "ec2:DescribeSecurityGroups", "ec2:DescribeSnapshots",
				"ec2:DescribeVolumes", "ec2:DescribeVpcEndpoints", "elasticloadbalancing:DescribeInstanceHealth",
				"elasticloadbalancing:DescribeLoadBalancers",
				"elasticloadbalancing:DescribeTargetGroups", "elasticloadbalancing:DescribeTargetHealth", "iam:ListUsers",
			},
			Resource: Words{"*"},
		},
		{
			// One statement for all that has no condition: IAM's quota on a policy's size leaves little room.
			Sid: "Use", Scope: "instances of the account, their volumes and VPCs",
			Action: Words{
				"ec2:AssociateIamInstanceProfile", "ec2:CreateSecurityGroup", "ec2:CreateSnapshot", "ec2:CreateSnapshots",
				"ec2:DescribeInstanceAttribute", "ec2:DisassociateIamInstanceProfile", "ec2:GetConsoleOutput",
				"ec2:GetConsoleScreenshot", "ec2:ReplaceIamInstanceProfileAssociation",
			},
			Resource: Words{ec2ARN("instance/*"), ec2ARN("volume/*"), ec2ARN("vpc/*")},
		},
		{
			// IfExists: EC2 names an attribute where it is a plain value, and documents no more than that.
			// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/iam-policies-for-amazon-ec2.html#attribute-key
			Sid: "Protect", Scope: "instances of the account and their volumes, those four attributes alone",
			Action: Words{"ec2:ModifyInstanceAttribute"}, Resource: Words{ec2ARN("instance/*"), ec2ARN("volume/*")},
			Condition: Conditions{"StringEqualsIgnoreCaseIfExists": {"ec2:Attribute": {
				"BlockDeviceMapping", "DisableApiStop", "DisableApiTermination", "InstanceInitiatedShutdownBehavior",
			}}},
		},
		{
			Sid: "NeverSetUserData", Effect: deny, Scope: "what an instance runs at its start",
			Action: Words{"ec2:ModifyInstanceAttribute"}, Resource: Words{"*"},
			Condition: Conditions{"Null": {"ec2:Attribute/UserData": {"false"}}},
		},
		{
			// Any role of the account: release puts back the profile that the instance had, whichever that is.
			Sid: "PassToInstances", Scope: "roles of the account, to EC2 alone, for an instance of the account alone",
			Action: Words{"iam:PassRole"}, Resource: Words{iamARN("role/*")},
			Condition: Conditions{
				"StringEquals": {"iam:PassedToService": {"ec2.amazonaws.com", "ec2.amazonaws.com.cn"}},
				"ArnLike":      {"iam:AssociatedResourceArn": {ec2ARN("instance/*")}},
			},
		},
		{
			Sid: "Move", Scope: "network interfaces, security groups and instances of the account",
			Action:   Words{"ec2:ModifyNetworkInterfaceAttribute"},
			Resource: Words{ec2ARN("instance/*"), ec2ARN("network-interface/*"), ec2ARN("security-group/*")},
		},
		{
			Sid: "MakeGroups", Scope: "security groups that are made with the tag " + caseTag,
			Action: Words{"ec2:CreateSecurityGroup"}, Resource: Words{ec2ARN("security-group/*")}, Condition: bringing(caseTag, nameTag),
		},
		{
			Sid: "ChangeGroups", Scope: "security groups that carry the tag " + caseTag,
			Action: Words{
				"ec2:AuthorizeSecurityGroupEgress", "ec2:AuthorizeSecurityGroupIngress", "ec2:DeleteSecurityGroup",
				"ec2:RevokeSecurityGroupEgress", "ec2:RevokeSecurityGroupIngress",
			},
			Resource: Words{ec2ARN("security-group/*")}, Condition: tagged(),
		},
		{
			// IAM knows neither a rule's number nor its addresses.
			Sid: "BlockAddresses", Apart: true, When: BlockRemoteIPs, Scope: "network ACLs of the account",
			Action:   Words{"ec2:CreateNetworkAclEntry", "ec2:DeleteNetworkAclEntry"},
			Resource: Words{ec2ARN("network-acl/*")},
		},
		{
			Sid: "Snapshot", Scope: "snapshots that are made with the tag " + caseTag,
			Action: Words{"ec2:CreateSnapshot", "ec2:CreateSnapshots"}, Resource: Words{snapshots},
			Condition: bringing(caseTag, instanceTag, deviceTag, nameTag),
		},
		{
			Sid: "TagNew", Scope: "security groups and snapshots, as they are made, with Cordon's tags alone",
			Action: Words{"ec2:CreateTags"}, Resource: Words{ec2ARN("security-group/*"), snapshots},
			Condition: Conditions{
				"StringEquals":              {"ec2:CreateAction": {"CreateSecurityGroup", "CreateSnapshot", "CreateSnapshots"}},
				"ForAllValues:StringEquals": {"aws:TagKeys": {caseTag, instanceTag, deviceTag, nameTag}},
			},
		},
		{
			Sid: "TagSnapshots", Scope: "snapshots that carry the tag " + caseTag + ", with the tag " + deviceTag + " alone",
			Action: Words{"ec2:CreateTags"}, Resource: Words{snapshots},
			Condition: Conditions{
				"StringLike":                {"aws:ResourceTag/" + caseTag: something},
				"ForAllValues:StringEquals": {"aws:TagKeys": {deviceTag}},
				"Null":                      {"aws:TagKeys": {"false"}},
			},
		},
		{
			Sid: "TagInstances", Scope: "instances of the account, the tag " + caseTag + " alone",
			Action: Words{"ec2:CreateTags", "ec2:DeleteTags"}, Resource: Words{ec2ARN("instance/*")},
			Condition: Conditions{
				"ForAllValues:StringEquals": {"aws:TagKeys": {caseTag}},
				"Null":                      {"aws:TagKeys": {"false"}},
			},
		},
		{
			Sid: "Leave", Scope: "Auto Scaling groups, load balancers and target groups of the account",
			Action: Words{
				"autoscaling:AttachInstances", "autoscaling:DetachInstances", "autoscaling:SetInstanceProtection",
				"elasticloadbalancing:DeregisterInstancesFromLoadBalancer", "elasticloadbalancing:DeregisterTargets",
				"elasticloadbalancing:RegisterInstancesWithLoadBalancer", "elasticloadbalancing:RegisterTargets",
			},
			Resource: Words{
				"arn:${Partition}:autoscaling:*:${Account}:autoScalingGroup:*:autoScalingGroupName/*",
				"arn:${Partition}:elasticloadbalancing:*:${Account}:loadbalancer/*",
				"arn:${Partition}:elasticloadbalancing:*:${Account}:targetgroup/*/*",
			},
		},
	}
}

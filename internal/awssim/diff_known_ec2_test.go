package awssim_test

// knownEC2 is where the simulated account and moto answer differently on EC2.
func knownEC2() map[string]difference {
	const (
		codes   = "EC2 API, error codes"
		filters = "EC2 API, error codes: InvalidParameterValue, a filter that is not valid"
	)
	return map[string]difference{
		"network/VPC without mask":              {"error InvalidParameterValue", "error InvalidVpc.Range", "sim", codes},
		"network/associate unknown table":       {"error InvalidRouteTableID.NotFound", `ok "done"`, "sim", codes},
		"network/unknown filter":                {"error InvalidParameterValue", "error without a code", "sim", filters},
		"network ACL/remove again":              {"error InvalidNetworkAclEntry.NotFound", "error without a code", "sim", codes},
		"network ACL/number out of range":       {"error InvalidParameterValue", `ok "done"`, "sim", "API CreateNetworkAclEntry: RuleNumber is 1 to 32766"},
		"network ACL/unknown":                   {"error InvalidNetworkAclID.NotFound", "error InvalidRouteTableID.NotFound", "sim", codes},
		"groups/by unknown filter":              {"error InvalidParameterValue", "error without a code", "sim", filters},
		"groups/name default":                   {"error InvalidGroup.Reserved", "error InvalidGroup.Duplicate", "sim", codes},
		"groups/malformed":                      {"error InvalidGroupId.Malformed", "error InvalidGroup.NotFound", "sim", codes},
		"groups/delete what is referred to":     {"error DependencyViolation", `ok "done"`, "sim", "API DeleteSecurityGroup: a group that another group refers to gives DependencyViolation"},
		"groups/delete default":                 {"error CannotDelete", `ok "done"`, "sim", codes},
		"groups/name like an id":                {"error InvalidParameterValue", `ok "done"`, "sim", "API CreateSecurityGroup: GroupName can't start with sg-"},
		"groups/long name":                      {"error InvalidParameterValue", `ok "done"`, "sim", "API CreateSecurityGroup: GroupName has up to 255 characters"},
		"groups/other characters":               {"error InvalidParameterValue", `ok "done"`, "sim", "API CreateSecurityGroup: the valid characters of GroupName"},
		"groups/in no VPC":                      {"error InvalidVpcID.NotFound", `ok "done"`, "sim", codes},
		"rules/revoke by unknown id":            {"error InvalidSecurityGroupRuleId.NotFound", "error InvalidPermission.NotFound", "sim", codes},
		"rules/ports the wrong way":             {"error InvalidParameterValue", "ok [true,1]", "sim", "API IpPermission: FromPort is the start of the port range"},
		"rules/port out of range":               {"error InvalidPermission.Malformed", "ok [true,1]", "sim", codes},
		"rules/no permission":                   {"error MissingParameter", "ok [true,0]", "sim", codes},
		"interfaces/delete group in use":        {"error DependencyViolation", `ok "done"`, "sim", "API DeleteSecurityGroup: a group of a network interface gives DependencyViolation"},
		"interfaces/group of another VPC":       {"error InvalidGroup.NotFound", `ok "done"`, "sim", codes},
		"interfaces/unknown group":              {"error InvalidGroup.NotFound", `ok "done"`, "sim", codes},
		"interfaces/no group":                   {"error InvalidParameterCombination", `ok "done"`, "sim", "API ModifyNetworkInterfaceAttribute: at least one group, one attribute a call"},
		"instances/by unknown filter":           {"error InvalidParameterValue", "error without a code", "sim", filters},
		"instances/malformed":                   {"error InvalidInstanceID.Malformed", "error InvalidInstanceID.NotFound", "sim", codes},
		"instances/start terminated":            {"error IncorrectInstanceState", `ok [1,"terminated","pending"]`, "sim", codes},
		"instances/interface afterwards":        {`ok "available"`, `ok "in-use"`, "sim", "EC2 user guide, termination: an interface with DeleteOnTermination false is detached"},
		"instances/launch without image":        {"error MissingParameter", `ok "done"`, "sim", "API RunInstances: ImageId is required without a launch template"},
		"attributes/shutdown behaviour set":     {`ok [false,false,"terminate","",null]`, `ok [false,false,"stop","",null]`, "sim", "API ModifyInstanceAttribute: InstanceInitiatedShutdownBehavior"},
		"attributes/unknown shutdown behaviour": {"error InvalidParameterValue", `ok "done"`, "sim", "API RunInstances: the behaviour is stop or terminate"},
		"attributes/groups":                     {`ok [false,false,"","",["one"]]`, `ok [false,false,"","",null]`, "sim", "API DescribeInstanceAttribute: groupSet are the instance's groups"},
		"attributes/set unknown group":          {"error InvalidGroup.NotFound", `ok "done"`, "sim", codes},
		"attributes/type while running":         {"error IncorrectInstanceState", `ok "done"`, "sim", "API ModifyInstanceAttribute: InstanceType needs a stopped instance"},
		"attributes/no attribute":               {"error InvalidParameterCombination", `ok "done"`, "sim", "API ModifyInstanceAttribute: one attribute a call"},
		"attributes/two attributes":             {"error InvalidParameterCombination", `ok "done"`, "sim", "API ModifyInstanceAttribute: one attribute a call"},
		"volumes and snapshots/make":            {`ok ["made",50,"creating","gp3"]`, `ok ["made",50,"available","gp3"]`, "sim", "API CreateVolume: the example's state is creating"},
		"volumes and snapshots/snapshot one":    {`ok ["made","pending",50]`, `ok ["made","completed",50]`, "sim", "API CreateSnapshot: a snapshot is pending until it is complete"},
		"volumes and snapshots/attach again":    {"error VolumeInUse", `ok "done"`, "sim", codes},
		"tags/describe at the end":              {`ok ["vpc Name net"]`, `ok ["security-group app other","security-group empty ","vpc Name net"]`, "sim", "API DeleteTags: without Tags all user-defined tags are deleted"},
		"tags/reserved key":                     {"error InvalidParameterValue", `ok "done"`, "sim", "API Tag: a key may not begin with aws:"},
		"tags/long value":                       {"error InvalidParameterValue", `ok "done"`, "sim", "API Tag: a value has at most 256 characters"},
		"tags/long key":                         {"error InvalidParameterValue", `ok "done"`, "sim", "API Tag: a key has at most 127 characters"},
		"tags/unknown instance":                 {"error InvalidInstanceID.NotFound", `ok "done"`, "sim", codes},
		"profile associations/unknown profile":  {"error InvalidParameterValue", "error NoSuchEntity", "sim", codes},
		"profile associations/replace":          {`ok [true,"associating","arn:aws:iam::123456789012:instance-profile/second"]`, `ok [false,"associating","arn:aws:iam::123456789012:instance-profile/second"]`, "sim", "API ReplaceIamInstanceProfileAssociation: the example answers with a new association id"},
	}
}

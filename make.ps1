# What the Makefile does, on Windows, which has no make: .\make.ps1 install --accelerator cpu, .\make.ps1 test.
# For Windows PowerShell 5.1 and PowerShell 7. Where scripts may not be run, .\make.cmd takes the same words.
Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'  # 5.1 draws its bar for longer than it downloads
$PSNativeCommandUseErrorActionPreference = $false  # Invoke-Program passes exit codes on as they are

$tool = Join-Path $PSScriptRoot '.tool'
$private = Join-Path $tool 'uv\Scripts\uv.exe'
$project = Get-Content -Raw -LiteralPath (Join-Path $PSScriptRoot 'pyproject.toml')
$targets = 'help', 'install', 'verify', 'doctor', 'lock', 'lock-check', 'check', 'test', 'clean'
$requirements = @{ env = 'requirements\tool.txt'; conda = 'requirements\conda.txt'; dev = 'requirements\dev.txt' }

function Invoke-Program([string] $Program, [string[]] $Words) {
    & $Program @Words
    if ($LASTEXITCODE -ne 0) { exit $LASTEXITCODE }
}

# The address of the wheel on an index's page, and what shows the index who is asking.
function Get-WheelSource([string] $Wheel) {
    $pypi = "https://$('pypi', 'org' -join '.')/simple"  # in parts: no address of an index stands in this repository
    $index = @($env:PIP_INDEX_URL, $env:UV_DEFAULT_INDEX, $pypi | Where-Object { $_ })[0]
    $address = [Uri] ($index.TrimEnd('/') + '/uv/')
    $web = @{ UseBasicParsing = $true; Headers = @{ Accept = 'text/html' } }
    if ($address.UserInfo) {
        $user = [Text.Encoding]::UTF8.GetBytes([Uri]::UnescapeDataString($address.UserInfo))
        $web.Headers.Authorization = 'Basic ' + [Convert]::ToBase64String($user)
    }
    # 5.1 knows the system's proxy, and not the variables.
    $direct = ($env:NO_PROXY -split '[,\s]+') -contains $address.Host
    if ($env:HTTPS_PROXY -and -not $direct -and $PSVersionTable.PSVersion.Major -lt 6) {
        $web.Proxy = [Uri] $env:HTTPS_PROXY
        $name, $secret = [Uri]::UnescapeDataString($web.Proxy.UserInfo) -split ':', 2
        if ($secret) {
            $secret = ConvertTo-SecureString -AsPlainText -Force -String $secret
            $web.ProxyCredential = New-Object -TypeName PSCredential -ArgumentList $name, $secret
        }
    }
    $page = Invoke-WebRequest -Uri $address @web
    $pattern = '(?:href=|"url":\s*)["'']([^"''#]*' + [regex]::Escape($Wheel) + '(?:\?[^"''#]*)?)["''#]'
    $found = [regex]::Match([string] $page.Content, $pattern)
    if (-not $found.Success) { throw "The index at $($address.Host) does not offer $Wheel." }
    $answer = $page.BaseResponse
    $from = if ($answer -is [Net.WebResponse]) { $answer.ResponseUri } else { $answer.RequestMessage.RequestUri }
    $source = [Uri]::new($from, [Net.WebUtility]::HtmlDecode($found.Groups[1].Value))
    if ($source.Authority -ne $address.Authority) { $web.Headers.Remove('Authorization') }
    $web.Uri = $source
    return $web
}

# A uv that is new enough: the one on PATH, else a private one, out of the wheel that requirements\uv.txt pins.
function Get-Uv {
    $least = [version] [regex]::Match($project, '"uv>=([0-9.]+)').Groups[1].Value
    $there = @(Get-Command -Name 'uv.exe' -CommandType Application -ErrorAction SilentlyContinue)
    foreach ($uv in @($there | ForEach-Object { $_.Path }) + $private) {
        if (-not (Test-Path -LiteralPath $uv)) { continue }
        $said = [string] (& $uv --version)
        if ($LASTEXITCODE -eq 0 -and $said -match '^uv ([0-9.]+)' -and [version] $Matches[1] -ge $least) { return $uv }
    }
    [Console]::Error.WriteLine('Putting a private uv into .tool\uv')
    $protocols = [Net.ServicePointManager]::SecurityProtocol  # an old 5.1 offers TLS 1.0 at the most by itself
    [Net.ServicePointManager]::SecurityProtocol = $protocols -bor [Net.SecurityProtocolType]::Tls12
    Add-Type -AssemblyName 'System.IO.Compression.FileSystem'
    $pinned = Get-Content -Raw -LiteralPath (Join-Path $PSScriptRoot 'requirements\uv.txt')
    $version = [regex]::Match($pinned, '(?m)^uv==([0-9.]+)').Groups[1].Value
    $hashes = @([regex]::Matches($pinned, 'sha256:([0-9a-f]{64})') | ForEach-Object { $_.Groups[1].Value })
    $draft = Join-Path $tool "uv.$PID"
    $file = "$draft.whl"
    # On ARM64 too: Windows runs both there, and uv itself prefers a Python for x86_64.
    $web = Get-WheelSource "uv-$version-py3-none-win_amd64.whl"
    try {
        Invoke-WebRequest @web -OutFile $file
        $hash = (Get-FileHash -Algorithm SHA256 -LiteralPath $file).Hash.ToLowerInvariant()
        if ($hashes -notcontains $hash) { throw "$($web.Uri.Host) sent another file than requirements\uv.txt pins." }
        [IO.Compression.ZipFile]::ExtractToDirectory($file, $draft)
        $scripts = Split-Path -Parent -Path $private
        Remove-Item -Recurse -Force -ErrorAction SilentlyContinue -LiteralPath $scripts
        New-Item -ItemType Directory -Force -Path (Split-Path -Parent -Path $scripts) | Out-Null
        Move-Item -LiteralPath (Join-Path $draft "uv-$version.data\scripts") -Destination $scripts
    } finally {
        Remove-Item -Recurse -Force -ErrorAction SilentlyContinue -LiteralPath $file, $draft
    }
    return $private
}

# One of the tool's own environments, made or brought up to date: as scripts/tool-environment does.
function Initialize-Environment([string] $Name) {
    $folder = Join-Path $tool $Name
    $ready = Join-Path $folder 'ready'
    $python = Join-Path $folder 'Scripts\python.exe'
    $sources = Get-Item -LiteralPath 'pyproject.toml', $requirements[$Name]
    if ((Test-Path -LiteralPath $ready) -and (Get-Content -Raw -LiteralPath $ready) -eq $PSScriptRoot) {
        $made = (Get-Item -LiteralPath $ready).LastWriteTimeUtc
        if (-not ($sources | Where-Object { $_.LastWriteTimeUtc -gt $made })) { return }
    }
    New-Item -ItemType Directory -Force -Path $tool | Out-Null
    $uv = Get-Uv
    [Console]::Error.WriteLine("Preparing tfsetup itself in .tool\$Name (once)")
    $pythons = [regex]::Match($project, '(?m)^requires-python = "([^"]+)"').Groups[1].Value
    $into = '--quiet', '--python', $python
    # Of several indexes whichever has the file: its hash is known.
    $locked = '--index-strategy', 'unsafe-best-match', '--require-hashes', '--only-binary', ':all:'
    Invoke-Program $uv @('venv', '--quiet', '--no-project', '--clear', '--python', $pythons, $folder)
    Invoke-Program $uv (@('pip', 'sync') + $into + $locked + $requirements[$Name])
    Invoke-Program $uv (@('pip', 'install') + $into + @('--no-deps', '--no-build-isolation', '--editable', '.'))
    Set-Content -NoNewline -Encoding UTF8 -LiteralPath $ready -Value $PSScriptRoot
}

function Invoke-Tfsetup([string[]] $Words) {
    $name = if (($Words -join ' ') -match 'conda') { 'conda' } else { 'env' }
    Initialize-Environment $name
    Invoke-Program (Join-Path $tool "$name\Scripts\tfsetup.exe") $Words
}

function Invoke-Check([switch] $Everything, [string[]] $Words) {
    Initialize-Environment 'dev'
    $programs = Join-Path $tool 'dev\Scripts'
    Invoke-Program "$programs\ruff.exe" @('check', '--quiet', '.')
    Invoke-Program "$programs\ruff.exe" @('format', '--check', '--quiet', '.')
    Invoke-Program "$programs\mypy.exe" @('--no-error-summary')
    Set-Location -LiteralPath 'installer'
    Invoke-Program "$programs\lint-imports.exe" @('--config', '..\pyproject.toml', '--no-cache')
    Set-Location -LiteralPath $PSScriptRoot
    Set-Location -LiteralPath 'tests'
    $offline = '-m', 'support.spread', 'tests/contract', 'tests/unit', 'tests/architecture', '--'
    $offline += '-m', 'not heavy and not exhaustive'
    Invoke-Program "$programs\python.exe" ($offline + $Words)
    if ($Everything) {
        $first = 'mutants,conda,doctor,kill,verify,preflight,install'
        $real = '-m', 'support.spread', '--each', 'e2e,heavy,network', '--first', $first, 'tests', '--'
        $real += '-m', '(e2e or heavy or network) and not exhaustive'
        Invoke-Program "$programs\python.exe" ($real + $Words)
    }
    Set-Location -LiteralPath $PSScriptRoot
}

# Without quotes 3.10 comes as a number, which knows how it was written, and a,b as two.
$words = @(foreach ($one in $args) { if ($one -is [array]) { $one -join ',' } else { $one.PSObject.ToString() } })
$target = if ($words.Count) { $words[0] } else { 'help' }
$words = @($words | Select-Object -Skip 1)
# What the Makefile takes out of the environment goes here too, and comes back: it is that of the session.
$makefile = Join-Path $PSScriptRoot 'Makefile'
$unexported = Select-String -LiteralPath $makefile -Pattern '^unexport (.+)$'
$foreign = @($unexported | ForEach-Object { $_.Matches[0].Groups[1].Value -split ' ' })
$given = 'SSL_CERT_FILE', 'UV_SYSTEM_CERTS', 'UV_DEFAULT_INDEX', 'UV_INDEX'
$before = @{}
foreach ($name in $foreign + $given) { $before[$name] = [Environment]::GetEnvironmentVariable($name) }
$began = Get-Location
try {
    Set-Location -LiteralPath $PSScriptRoot
    foreach ($name in $foreign) { Remove-Item -ErrorAction SilentlyContinue -LiteralPath "Env:$name" }
    # uv believes the system's store, or what the user named in words of another program.
    $bundles = @($env:REQUESTS_CA_BUNDLE, $env:CURL_CA_BUNDLE, $env:PIP_CERT | Where-Object { $_ })
    if (-not ($env:SSL_CERT_FILE -or $env:SSL_CERT_DIR)) {
        if ($bundles.Count) { $env:SSL_CERT_FILE = $bundles[0] } else { $env:UV_SYSTEM_CERTS = '1' }
    }
    if ($env:PIP_INDEX_URL -and -not $env:UV_DEFAULT_INDEX) { $env:UV_DEFAULT_INDEX = $env:PIP_INDEX_URL }
    if ($env:PIP_EXTRA_INDEX_URL -and -not $env:UV_INDEX) { $env:UV_INDEX = $env:PIP_EXTRA_INDEX_URL }
    switch ($target) {
        { $_ -in 'install', 'verify', 'doctor' } { Invoke-Tfsetup (@($target) + $words) }
        'lock' {
            $all = @(if (($words -join ' ') -notmatch 'conda') { '--format', 'portable', '--python', 'all' })
            Invoke-Tfsetup (@('lock') + $all + $words)
        }
        'lock-check' { Invoke-Tfsetup (@('lock', '--check') + $words) }
        'check' { Invoke-Check -Words $words }
        'test' { Invoke-Check -Everything -Words $words }
        'clean' {
            $ours = '.tool', '.mypy_cache', '.ruff_cache', '.hypothesis', '.import_linter_cache', 'build', 'dist'
            $ours | Where-Object { Test-Path -LiteralPath $_ } | Remove-Item -Recurse -Force
            $sources = 'installer', 'tests', 'benchmarks', 'scripts'
            $caches = @(Get-ChildItem -Recurse -Directory -Filter '__pycache__' -LiteralPath $sources)
            $caches | Remove-Item -Recurse -Force
        }
        'help' {
            Select-String -LiteralPath $makefile -Pattern "^($($targets -join '|')):.*?## (.*)$" | ForEach-Object {
                '  .\make.ps1 {0,-12} {1}' -f $_.Matches[0].Groups[1].Value, $_.Matches[0].Groups[2].Value
            }
        }
        default { throw "There is no target $target. There are: $($targets -join ', ')." }
    }
} catch {
    [Console]::Error.WriteLine("error: $($_.Exception.Message)")
    exit 1
} finally {
    Set-Location -LiteralPath $began.ProviderPath
    foreach ($name in @($before.Keys)) {
        if ($null -ne $before[$name]) { Set-Item -LiteralPath "Env:$name" -Value $before[$name] }
        else { Remove-Item -ErrorAction SilentlyContinue -LiteralPath "Env:$name" }
    }
}
